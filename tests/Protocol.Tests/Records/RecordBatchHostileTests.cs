using System.Buffers;
using System.Diagnostics;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Protocol.Tests.Records;

/// <summary>Bytes from nowhere: whatever they say, the answer is a verdict, soon and in little memory.</summary>
public sealed class RecordBatchHostileTests : IDisposable
{
    private static readonly HashSet<ErrorCode> Declared =
    [
        ErrorCode.None, ErrorCode.CorruptMessage, ErrorCode.InvalidRecord, ErrorCode.InvalidTimestamp,
        ErrorCode.MessageTooLarge, ErrorCode.UnsupportedCompressionType,
    ];

    private readonly CompressionCodecs _codecs = new();

    public void Dispose() => _codecs.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AnyMutation_OfAGoldenBatch_GivesADeclaredOutcome(int seed)
    {
        var random = new Random(seed);
        byte[][] seeds = [.. BatchVector.All.Select(vector => vector.Bytes)];
        var validator = new RecordBatchValidator(_codecs);
        using var reader = new RecordBatchReader(_codecs, DecompressionLimits.Default, checkCrcs: false);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 4000; round++)
        {
            byte[] bytes = Mutate(seeds[random.Next(seeds.Length)], seeds[random.Next(seeds.Length)], random);
            Assert.Contains(validator.Validate(bytes, new RecordValidationOptions()).ErrorCode, Declared);
            foreach (RecordBatchInfo batch in new RecordBatchEnumerator(bytes))
            {
                RecordEnumerator records = reader.Read(bytes.AsSpan(batch.Position));
                while (records.MoveNext()) _ = BatchVector.Describe(records.Current).Length;
                Assert.Contains(records.ErrorCode, Declared);
            }
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 2L << 30);
    }

    [Theory]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void Validate_Bomb_StopsAtTheLimit(CompressionType type)
    {
        byte[] batch = Bomb(type, pieces: 64, pieceSize: 4 << 20);
        var options = new RecordValidationOptions { DecompressionLimits = new DecompressionLimits(64 << 20, 100_000, 1 << 20) };
        long before = GC.GetAllocatedBytesForCurrentThread();
        long started = Stopwatch.GetTimestamp();
        RecordBatchValidation verdict = new RecordBatchValidator(_codecs).Validate(batch, options);
        Assert.Equal(ErrorCode.MessageTooLarge, verdict.ErrorCode);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5));

        using var reader = new RecordBatchReader(_codecs, options.DecompressionLimits);
        RecordEnumerator records = reader.Read(batch);
        Assert.False(records.MoveNext());
        Assert.Equal(ErrorCode.MessageTooLarge, records.ErrorCode);
        Assert.Equal(
            ErrorCode.MessageTooLarge,
            new RecordBatchConverter(_codecs).Convert(batch, CompressionType.None, options.DecompressionLimits, new PooledBufferWriter()));
    }

    [Fact]
    public void Validate_MegabyteThatStandsForTwentyGigabytes_StopsAtTheDefaultLimit()
    {
        byte[] batch = Bomb(CompressionType.Zstd, pieces: 1700, pieceSize: 12 << 20);
        Assert.InRange(batch.Length, 500_000, 2_000_000);
        long started = Stopwatch.GetTimestamp();
        RecordBatchValidation verdict = new RecordBatchValidator(_codecs).Validate(batch, new RecordValidationOptions());
        Assert.Equal(ErrorCode.MessageTooLarge, verdict.ErrorCode);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Validate_ZstdWindowAboveEightMegabytes_IsRefusedBeforeAllocating()
    {
        // A frame header that asks for a window of 2^27 bytes, then an empty last block.
        byte[] frame = [0x28, 0xB5, 0x2F, 0xFD, 0x00, (27 - 10) << 3, 0x01, 0x00, 0x00];
        RecordBatchValidation verdict =
            new RecordBatchValidator(_codecs).Validate(ProducerBatch.Around(frame, 1, CompressionType.Zstd), new RecordValidationOptions());
        Assert.Equal(ErrorCode.MessageTooLarge, verdict.ErrorCode);
    }

    private static byte[] Mutate(byte[] source, byte[] other, Random random)
    {
        byte[] bytes = (byte[])source.Clone();
        switch (random.Next(4))
        {
            case 0:
                bytes = bytes[..random.Next(bytes.Length + 1)];
                break;
            case 1:
                int cut = random.Next(bytes.Length);
                bytes = [.. bytes[..cut], .. other[random.Next(other.Length)..]];
                break;
            case 2:
                int at = random.Next(bytes.Length);
                int value = random.Next(3) switch { 0 => -1, 1 => int.MaxValue, _ => random.Next() };
                if (at + 4 <= bytes.Length) bytes.WithInt32(at, value);
                break;
            default:
                for (int i = random.Next(1, 6); i > 0; i--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                break;
        }

        if (random.Next(4) != 0 && new RecordBatchEnumerator(bytes) is var batches && batches.MoveNext() && batches.Current.Magic == 2)
            RecordBatchStamp.SetCrc(bytes.AsSpan(0, batches.Current.SizeInBytes));
        return bytes;
    }

    /// <summary>One record whose value is zeros without end: a head, then the same compressed piece over and over.</summary>
    private byte[] Bomb(CompressionType type, int pieces, int pieceSize)
    {
        byte[] head = [0xFE, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 0, 1, 0xE0, 0xFF, 0xFF, 0xFF, 0x0F];
        var records = new ArrayBufferWriter<byte>();
        _codecs.For(type).Compress(head, records);
        var piece = new ArrayBufferWriter<byte>();
        _codecs.For(type).Compress(new byte[pieceSize], piece);
        for (int i = 0; i < pieces; i++) records.Write(piece.WrittenSpan);
        return ProducerBatch.Around(records.WrittenSpan, 1, type);
    }
}
