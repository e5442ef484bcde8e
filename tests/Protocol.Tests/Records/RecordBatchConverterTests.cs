using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Protocol.Tests.Records;

public sealed class RecordBatchConverterTests : IDisposable
{
    private readonly CompressionCodecs _codecs = new();

    public void Dispose() => _codecs.Dispose();

    [Fact]
    public void Convert_BetweenAnyTwoCompressions_KeepsRecordsAndProducer()
    {
        var converter = new RecordBatchConverter(_codecs);
        foreach (CompressionType from in Enum.GetValues<CompressionType>())
        {
            var options = new RecordBatchOptions
            {
                CompressionType = from,
                ProducerId = 9,
                ProducerEpoch = 1,
                BaseSequence = 4,
                IsTransactional = true,
            };
            byte[] source = ProducerBatch.Build(_codecs, 500, options);
            foreach (CompressionType to in Enum.GetValues<CompressionType>())
            {
                using var converted = new PooledBufferWriter();
                Assert.Equal(ErrorCode.None, converter.Convert(source, to, DecompressionLimits.Default, converted));
                var header = new RecordBatchHeader(converted.WrittenSpan);
                Assert.True(header.IsCrcValid);
                Assert.Equal((to, 9L, 4, true), (header.CompressionType, header.ProducerId, header.BaseSequence, header.IsTransactional));
                Assert.Equal(ReadAll(source), ReadAll(converted.WrittenSpan));
                Assert.True(new RecordBatchValidator(_codecs).Validate(converted.WrittenSpan, new RecordValidationOptions()).IsValid);
            }
        }
    }

    [Fact]
    public void Convert_BackToNone_GivesTheSameBytes()
    {
        byte[] plain = ProducerBatch.Build(_codecs, 50);
        using var compressed = new PooledBufferWriter();
        using var back = new PooledBufferWriter();
        var converter = new RecordBatchConverter(_codecs);
        converter.Convert(plain, CompressionType.Lz4, DecompressionLimits.Default, compressed);
        converter.Convert(compressed.WrittenSpan, CompressionType.None, DecompressionLimits.Default, back);
        Assert.Equal(plain, back.WrittenSpan.ToArray());
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Zstd)]
    public void FirstSince_FindsTheFirstRecordAtOrAfter(CompressionType type)
    {
        using var reader = new RecordBatchReader(_codecs);
        byte[] batch = ProducerBatch.Build(_codecs, 10, new RecordBatchOptions { BaseOffset = 100, CompressionType = type });
        Assert.Equal(100, RecordLookup.FirstSince(reader, batch, 0, 0).Offset);
        Assert.Equal((104L, ProducerBatch.Now + 4), OffsetAndTime(RecordLookup.FirstSince(reader, batch, ProducerBatch.Now + 4, 0)));
        Assert.Equal(107, RecordLookup.FirstSince(reader, batch, ProducerBatch.Now + 4, 107).Offset);
        Assert.False(RecordLookup.FirstSince(reader, batch, ProducerBatch.Now + 10, 0).IsFound);
        Assert.Equal((109L, ProducerBatch.Now + 9), OffsetAndTime(RecordLookup.Latest(reader, batch, 0)));
        Assert.Equal((109L, ProducerBatch.Now + 9), OffsetAndTime(RecordLookup.Latest(reader, batch, 109)));
        Assert.False(RecordLookup.Latest(reader, batch, 110).IsFound);
    }

    [Fact]
    public void FirstSince_DamagedBatch_ReturnsCorruptMessage()
    {
        using var reader = new RecordBatchReader(_codecs);
        byte[] batch = ProducerBatch.Build(_codecs, 10);
        batch[^1] ^= 1;
        Assert.Equal(ErrorCode.CorruptMessage, RecordLookup.FirstSince(reader, batch, 0, 0).ErrorCode);
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(int.MaxValue, 1, 0)]
    [InlineData(int.MaxValue - 1, 4, 2)]
    public void ProducerSequence_WrapsAfterTheLargest(int sequence, int increment, int expected)
    {
        Assert.Equal(expected, ProducerSequence.Add(sequence, increment));
        Assert.Equal(sequence, ProducerSequence.Subtract(expected, increment));
    }

    private static (long Offset, long Timestamp) OffsetAndTime(RecordLookup lookup) => (lookup.Offset, lookup.Timestamp);

    private List<string> ReadAll(ReadOnlySpan<byte> batch)
    {
        using var reader = new RecordBatchReader(_codecs);
        var read = new List<string>();
        RecordEnumerator records = reader.Read(batch);
        while (records.MoveNext()) read.Add(BatchVector.Describe(records.Current));
        return read;
    }
}
