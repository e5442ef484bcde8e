using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;

namespace KBroker.Protocol.Tests.Records;

/// <summary>What the validator says of single records, whether they are compressed or not.</summary>
public sealed class RecordBatchValidatorRecordTests : IDisposable
{
    private readonly CompressionCodecs _codecs = new();

    public static TheoryData<CompressionType> All =>
        [CompressionType.None, CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd];

    public void Dispose() => _codecs.Dispose();

    [Theory]
    [MemberData(nameof(All))]
    public void Validate_DamagedRecord_ReturnsInvalidRecord(CompressionType type)
    {
        Assert.True(Validate(OneRecord(), 1, type).IsValid);
        byte[][] damaged =
        [
            [],
            [.. Int(-1)],
            [.. Int(int.MaxValue), 0],
            [.. Int(5), 0, 0, 0, 1, 1],
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
            OneRecord()[..^1],
            [.. OneRecord(), 0],
            OneRecord(offsetDelta: 1),
            OneRecord(offsetDelta: -1),
            OneRecord(keyLength: 2),
            OneRecord(keyLength: 100_000),
            OneRecord(keyLength: -2),
            OneRecord(keyLength: int.MinValue),
            OneRecord(valueLength: 5),
            OneRecord(valueLength: -2),
            OneRecord(valueLength: int.MaxValue),
            OneRecord(headerCount: -1),
            OneRecord(headerCount: 1),
            OneRecord(headerCount: int.MaxValue),
            OneRecord(headerCount: 1, headers: [.. Int(-1), .. Int(0)]),
            OneRecord(headerCount: 1, headers: [.. Int(9), .. Int(0)]),
            OneRecord(headerCount: 1, headers: [.. Int(0), .. Int(-2)]),
            OneRecord(headerCount: 1, headers: [.. Int(0), .. Int(7)]),
            OneRecord(headerCount: 0, headers: [0, 0]),
        ];
        for (int i = 0; i < damaged.Length; i++)
        {
            RecordBatchValidation verdict = Validate(damaged[i], 1, type);
            Assert.True(verdict.ErrorCode == ErrorCode.InvalidRecord, $"case {i}: {verdict.ErrorCode} {verdict.ErrorMessage}");
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Validate_RecordLargerThanTheWindow_IsCheckedAsWell(CompressionType type)
    {
        byte[] large = new byte[200_000];
        Assert.True(Validate(OneRecord(value: large), 1, type).IsValid);
        Assert.Equal(ErrorCode.InvalidRecord, Validate(OneRecord(value: large, valueLength: 200_001), 1, type).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRecord, Validate(OneRecord(value: large, valueLength: 199_999), 1, type).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRecord, Validate(OneRecord(value: large, headerCount: 3), 1, type).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRecord, Validate(OneRecord(value: large)[..^1000], 1, type).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRecord, Validate(OneRecord(value: large, headerCount: 1, headers: [1, 0]), 1, type).ErrorCode);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Validate_FewerOrMoreRecordsThanStated_ReturnsInvalidRecord(CompressionType type)
    {
        byte[] two = [.. OneRecord(), .. OneRecord(offsetDelta: 1)];
        Assert.True(Validate(two, 2, type).IsValid);
        Assert.Equal(ErrorCode.InvalidRecord, Validate(two, 1, type).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRecord, Validate(two, 3, type).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRecord, Validate(two, int.MaxValue, type).ErrorCode);
    }

    [Fact]
    public void Validate_MissingKeysOnCompactedTopic_NamesTheRecords()
    {
        byte[] batch = ProducerBatch.Build(_codecs, 3, withKeys: false);
        RecordBatchValidation verdict = Validate(batch, new RecordValidationOptions { RequireKeys = true, NowMs = ProducerBatch.Now });
        Assert.Equal(ErrorCode.InvalidRecord, verdict.ErrorCode);
        Assert.Equal([0, 1, 2], verdict.RecordErrors.Select(error => error.BatchIndex));
        Assert.True(Validate(batch, new RecordValidationOptions()).IsValid);
    }

    [Fact]
    public void Validate_ManyBadRecords_NamesTheFirstHundred()
    {
        byte[] batch = ProducerBatch.Build(_codecs, 5000, withKeys: false);
        RecordBatchValidation verdict = Validate(batch, new RecordValidationOptions { RequireKeys = true });
        Assert.Equal(RecordBatchValidator.MaxRecordErrors, verdict.RecordErrors.Count);
        Assert.Contains("5000", verdict.ErrorMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(-1000, true)]
    [InlineData(-1001, false)]
    [InlineData(2000, true)]
    [InlineData(2001, false)]
    [InlineData(long.MaxValue - ProducerBatch.Now, false)]
    [InlineData(long.MinValue, false)]
    public void Validate_Timestamp_MustBeWithinTheTopicsRange(long difference, bool valid)
    {
        byte[] batch = One(ProducerBatch.Now + difference);
        var options = new RecordValidationOptions
        {
            NowMs = ProducerBatch.Now,
            TimestampBeforeMaxMs = 1000,
            TimestampAfterMaxMs = 2000,
        };
        RecordBatchValidation verdict = Validate(batch, options);
        Assert.Equal(valid ? ErrorCode.None : ErrorCode.InvalidTimestamp, verdict.ErrorCode);
        Assert.Equal(valid ? 0 : 1, verdict.RecordErrors.Count);
        Assert.True(Validate(batch, options with { TimestampType = TimestampType.LogAppendTime }).IsValid);
    }

    [Fact]
    public void Validate_SmallestTimestamp_IsRefusedByTheWidestRange() => Assert.Equal(
        ErrorCode.InvalidTimestamp, Validate(One(long.MinValue), new RecordValidationOptions { NowMs = ProducerBatch.Now }).ErrorCode);

    [Fact]
    public void Validate_NoTimestamp_IsAllowed() => Assert.True(
        Validate(One(-1), new RecordValidationOptions { NowMs = ProducerBatch.Now, TimestampBeforeMaxMs = 1 }).IsValid);

    [Fact]
    public void Validate_TimestampDeltaThatOverflows_ReturnsInvalidTimestamp()
    {
        byte[] batch = ProducerBatch.Around(OneRecord(timestampDelta: long.MaxValue), 1);
        batch = ProducerBatch.Seal(batch.WithInt64(RecordBatchFormat.BaseTimestampOffset, 2));
        Assert.Equal(ErrorCode.InvalidTimestamp, Validate(batch, new RecordValidationOptions()).ErrorCode);
    }

    [Fact]
    public void Validate_LogAppendTimeSetByProducer_ReturnsInvalidTimestamp()
    {
        byte[] batch = ProducerBatch.Seal(One(ProducerBatch.Now).WithAttributes(RecordBatchAttributes.TimestampTypeBit));
        foreach (TimestampType type in Enum.GetValues<TimestampType>())
        {
            var options = new RecordValidationOptions { NowMs = ProducerBatch.Now, TimestampType = type };
            Assert.Equal(ErrorCode.InvalidTimestamp, Validate(batch, options).ErrorCode);
        }
    }

    [Fact]
    public void Validate_WrongMaxTimestamp_IsReportedAndCanBeStamped()
    {
        byte[] batch = ProducerBatch.Seal(One(ProducerBatch.Now).WithInt64(RecordBatchFormat.MaxTimestampOffset, 9));
        RecordBatchValidation verdict = Validate(batch, new RecordValidationOptions { NowMs = ProducerBatch.Now });
        Assert.True(verdict.IsValid && verdict.Summary.IsMaxTimestampWrong);

        Assert.True(RecordBatchStamp.SetMaxTimestamp(batch, TimestampType.CreateTime, verdict.Summary.MaxTimestamp));
        RecordBatchStamp.SetOffsetAndEpoch(batch, 1234, 5);
        var header = new RecordBatchHeader(batch);
        Assert.True(header.IsCrcValid);
        Assert.Equal((ProducerBatch.Now, 1234L, 5), (header.MaxTimestamp, header.BaseOffset, header.PartitionLeaderEpoch));
    }

    private static byte[] One(long timestamp)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions());
        builder.Append(timestamp, [1], [2]);
        return builder.ToArray();
    }

    private static byte[] OneRecord(
        long timestampDelta = 0,
        int offsetDelta = 0,
        int? keyLength = null,
        int? valueLength = null,
        int headerCount = 0,
        byte[]? headers = null,
        byte[]? value = null)
    {
        value ??= "vv"u8.ToArray();
        byte[] body =
        [
            0, .. Long(timestampDelta), .. Int(offsetDelta), .. Int(keyLength ?? 1), (byte)'k', .. Int(valueLength ?? value.Length), .. value,
            .. Int(headerCount), .. headers ?? [],
        ];
        return [.. Int(body.Length), .. body];
    }

    private static byte[] Int(int value)
    {
        Span<byte> bytes = stackalloc byte[VarInt.MaxBytes32];
        return bytes[..VarInt.Write(bytes, value)].ToArray();
    }

    private static byte[] Long(long value)
    {
        Span<byte> bytes = stackalloc byte[VarInt.MaxBytes64];
        return bytes[..VarInt.WriteLong(bytes, value)].ToArray();
    }

    private RecordBatchValidation Validate(byte[] records, int count, CompressionType type)
    {
        using var compressed = new PooledBufferWriter();
        if (type != CompressionType.None) _codecs.For(type).Compress(records, compressed);
        ReadOnlySpan<byte> body = type == CompressionType.None ? records : compressed.WrittenSpan;
        return Validate(ProducerBatch.Around(body, count, type), new RecordValidationOptions());
    }

    private RecordBatchValidation Validate(byte[] batch, RecordValidationOptions options) =>
        new RecordBatchValidator(_codecs).Validate(batch, options);
}
