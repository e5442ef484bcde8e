using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Protocol.Tests.Records;

public sealed class RecordBatchValidatorTests : IDisposable
{
    private readonly CompressionCodecs _codecs = new();

    public static TheoryData<CompressionType> Compressed =>
        [CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd];

    public void Dispose() => _codecs.Dispose();

    [Fact]
    public void Validate_GoodBatch_SumsItUp()
    {
        byte[] batch = Build(5, new RecordBatchOptions { ProducerId = 7, ProducerEpoch = 2, BaseSequence = 40, IsTransactional = true });
        RecordBatchValidation verdict = Validate(batch);
        Assert.True(verdict.IsValid, verdict.ErrorMessage);
        Assert.Equal(5, verdict.Summary.RecordCount);
        Assert.Equal(batch.Length, verdict.Summary.SizeInBytes);
        Assert.Equal(ProducerBatch.Now + 4, verdict.Summary.MaxTimestamp);
        Assert.Equal(4, verdict.Summary.MaxTimestampOffsetDelta);
        Assert.Equal((7L, (short)2, 40), (verdict.Summary.ProducerId, verdict.Summary.ProducerEpoch, verdict.Summary.BaseSequence));
        Assert.True(verdict.Summary.IsTransactional);
        Assert.False(verdict.Summary.IsMaxTimestampWrong);
    }

    [Fact]
    public void Validate_UncompressedBatch_AllocatesNothing()
    {
        byte[] batch = Build(1000);
        var validator = new RecordBatchValidator(_codecs);
        var options = new RecordValidationOptions { NowMs = ProducerBatch.Now };
        Assert.True(validator.Validate(batch, options).IsValid);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) validator.Validate(batch, options);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Validate_NothingOrTooLittle_ReturnsInvalidRecord()
    {
        Refused(ErrorCode.InvalidRecord, []);
        Refused(ErrorCode.InvalidRecord, new byte[11]);
        Refused(ErrorCode.InvalidRecord, Build()[..16]);
    }

    [Fact]
    public void Validate_TwoBatches_ReturnsInvalidRecord()
    {
        Refused(ErrorCode.InvalidRecord, [.. Build(), .. Build()]);
        Refused(ErrorCode.InvalidRecord, [.. Build(), .. Build()[..30]]);
        Refused(ErrorCode.CorruptMessage, [.. Build(), .. new byte[40]]);
    }

    [Theory]
    [InlineData(0, ErrorCode.InvalidRecord)]
    [InlineData(1, ErrorCode.InvalidRecord)]
    [InlineData(3, ErrorCode.CorruptMessage)]
    [InlineData(127, ErrorCode.CorruptMessage)]
    [InlineData(255, ErrorCode.CorruptMessage)]
    public void Validate_OtherMagic_IsRefused(byte magic, ErrorCode expected)
    {
        byte[] batch = Build();
        batch[RecordBatchFormat.MagicOffset] = magic;
        Refused(expected, batch);
    }

    [Theory]
    [InlineData(-1, ErrorCode.CorruptMessage)]
    [InlineData(int.MinValue, ErrorCode.CorruptMessage)]
    [InlineData(0, ErrorCode.CorruptMessage)]
    [InlineData(48, ErrorCode.CorruptMessage)]
    [InlineData(int.MaxValue, ErrorCode.InvalidRecord)]
    [InlineData(100_000, ErrorCode.InvalidRecord)]
    public void Validate_WrongLength_IsRefused(int length, ErrorCode expected) =>
        Refused(expected, Build().WithInt32(RecordBatchFormat.LengthOffset, length));

    [Fact]
    public void Validate_WrongCrc_ReturnsCorruptMessage() =>
        Refused(ErrorCode.CorruptMessage, Build().WithInt32(RecordBatchFormat.CrcOffset, 1));

    [Fact]
    public void Validate_HeaderThatContradictsItself_ReturnsInvalidRecord()
    {
        Refused(ErrorCode.InvalidRecord, Build().WithInt64(RecordBatchFormat.BaseOffsetOffset, 1));
        Refused(ErrorCode.InvalidRecord, Build().WithInt64(RecordBatchFormat.BaseOffsetOffset, long.MinValue));
        foreach (int delta in new[] { -1, 0, 3, int.MaxValue, int.MinValue })
            Refused(ErrorCode.InvalidRecord, ProducerBatch.Seal(Build().WithInt32(RecordBatchFormat.LastOffsetDeltaOffset, delta)));
        foreach (int count in new[] { -1, 0, 2, 4, int.MaxValue, int.MinValue })
        {
            Refused(ErrorCode.InvalidRecord, ProducerBatch.Seal(Build().WithInt32(RecordBatchFormat.RecordCountOffset, count)));
            Refused(ErrorCode.InvalidRecord, ProducerBatch.Seal(Build()
                .WithInt32(RecordBatchFormat.RecordCountOffset, count)
                .WithInt32(RecordBatchFormat.LastOffsetDeltaOffset, unchecked(count - 1))));
        }
    }

    [Theory]
    [InlineData(RecordBatchAttributes.ControlBit)]
    [InlineData(RecordBatchAttributes.ControlBit | RecordBatchAttributes.TransactionalBit)]
    public void Validate_ControlBit_ReturnsInvalidRecord(int bits) =>
        Refused(ErrorCode.InvalidRecord, ProducerBatch.Seal(Build().WithAttributes(bits)));

    [Theory]
    [InlineData(7, 2, -1)]
    [InlineData(7, -1, 3)]
    public void Validate_HalfAnIdempotentProducer_ReturnsInvalidRecord(long id, short epoch, int sequence) => Refused(
        ErrorCode.InvalidRecord, Build(3, new RecordBatchOptions { ProducerId = id, ProducerEpoch = epoch, BaseSequence = sequence }));

    [Fact]
    public void Validate_TransactionalWithoutProducer_ReturnsInvalidRecord() =>
        Refused(ErrorCode.InvalidRecord, Build(3, new RecordBatchOptions { IsTransactional = true }));

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void Validate_UnknownCompression_ReturnsUnsupportedCompressionType(int id) =>
        Refused(ErrorCode.UnsupportedCompressionType, ProducerBatch.Seal(Build().WithAttributes(id)));

    [Fact]
    public void Validate_ZstdInOldProduce_ReturnsUnsupportedCompressionType()
    {
        byte[] batch = Build(3, new RecordBatchOptions { CompressionType = CompressionType.Zstd });
        Refused(ErrorCode.UnsupportedCompressionType, batch, new RecordValidationOptions { ProduceVersion = 6 });
        Assert.True(Validate(batch, new RecordValidationOptions { ProduceVersion = 7 }).IsValid);
    }

    [Fact]
    public void Validate_CodecWithoutLibrary_ReturnsUnsupportedCompressionTypeNamingThePackage()
    {
        byte[] batch = Build(3, new RecordBatchOptions { CompressionType = CompressionType.Lz4 });
        using var codecs = new CompressionCodecs([new CodecWithoutLibrary()]);
        RecordBatchValidation verdict = new RecordBatchValidator(codecs).Validate(batch, new RecordValidationOptions());
        Assert.Equal(ErrorCode.UnsupportedCompressionType, verdict.ErrorCode);
        Assert.Contains("liblz4-1", verdict.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_OneByteAboveTheLimit_ReturnsMessageTooLarge()
    {
        byte[] batch = Build();
        Refused(ErrorCode.MessageTooLarge, batch, new RecordValidationOptions { MaxMessageBytes = batch.Length - 1 });
        Assert.True(Validate(batch, new RecordValidationOptions { MaxMessageBytes = batch.Length }).IsValid);
    }

    [Fact]
    public void Validate_DeclaredCodecIsNotTheOneUsed_ReturnsInvalidRecord()
    {
        foreach (CompressionType used in new[] { CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd })
        {
            byte[] batch = Build(3, new RecordBatchOptions { CompressionType = used });
            for (int declared = 0; declared <= 4; declared++)
            {
                if (declared == (int)used) continue;
                Refused(ErrorCode.InvalidRecord, ProducerBatch.Seal(((byte[])batch.Clone()).WithAttributes(declared)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Compressed))]
    public void Validate_CompressedNothing_ReturnsInvalidRecord(CompressionType type)
    {
        Refused(ErrorCode.InvalidRecord, ProducerBatch.Around([], 1, type));
        using var nothing = new PooledBufferWriter();
        _codecs.For(type).Compress([], nothing);
        Refused(ErrorCode.InvalidRecord, ProducerBatch.Around(nothing.WrittenSpan, 1, type));
        Refused(ErrorCode.InvalidRecord, ProducerBatch.Around(nothing.WrittenSpan, 0, type));
    }

    [Theory]
    [MemberData(nameof(Compressed))]
    public void Validate_BatchWithinCompressedBatch_ReturnsInvalidRecord(CompressionType type)
    {
        byte[] inner = Build(3, new RecordBatchOptions { CompressionType = type });
        using var compressed = new PooledBufferWriter();
        _codecs.For(type).Compress(inner, compressed);
        Refused(ErrorCode.InvalidRecord, ProducerBatch.Around(compressed.WrittenSpan, 1, type));
    }

    [Theory]
    [MemberData(nameof(Compressed))]
    public void Validate_ManyRecordsAndLargeOnes_AreWalkedThroughTheWindow(CompressionType type)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions { CompressionType = type }, _codecs);
        var random = new Random(5);
        int[] sizes = [10, 70_000, 65_536, 65_530, 65_520, 0, 300_000, 1, 131_072];
        foreach (int size in sizes)
        {
            byte[] value = new byte[size];
            random.NextBytes(value);
            builder.Append(5, value, value, [new RecordHeader(new string('k', size / 3), value), new RecordHeader("", null)]);
        }

        for (int i = 0; i < 20_000; i++) builder.Append(i, null, null);
        RecordBatchValidation verdict = Validate(builder.ToArray());
        Assert.True(verdict.IsValid, verdict.ErrorMessage);
        Assert.Equal(sizes.Length + 20_000, verdict.Summary.RecordCount);
        Assert.Equal(19_999, verdict.Summary.MaxTimestamp);
    }

    private byte[] Build(int count = 3, RecordBatchOptions? options = null) => ProducerBatch.Build(_codecs, count, options);

    private RecordBatchValidation Validate(byte[] records, RecordValidationOptions? options = null) =>
        new RecordBatchValidator(_codecs).Validate(records, options ?? new RecordValidationOptions { NowMs = ProducerBatch.Now });

    private void Refused(ErrorCode expected, byte[] records, RecordValidationOptions? options = null)
    {
        RecordBatchValidation verdict = Validate(records, options);
        Assert.True(expected == verdict.ErrorCode, $"{expected} expected, {verdict.ErrorCode} given: {verdict.ErrorMessage}");
        Assert.False(string.IsNullOrEmpty(verdict.ErrorMessage));
    }

    private sealed class CodecWithoutLibrary : ICompressionCodec
    {
        public CompressionType Type => CompressionType.Lz4;

        public void Compress(ReadOnlySpan<byte> source, System.Buffers.IBufferWriter<byte> destination) =>
            throw new NativeLibraryMissingException("liblz4", "liblz4-1");

        public Decompressor RentDecompressor(int outputLimit) => throw new NativeLibraryMissingException("liblz4", "liblz4-1");
    }
}
