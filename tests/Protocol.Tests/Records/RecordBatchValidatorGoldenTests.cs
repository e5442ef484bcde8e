using System.Text.Json;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Protocol.Tests.Records;

/// <summary>What Kafka's own producer code writes is valid, and damaging any byte that the CRC covers is noticed.</summary>
public sealed class RecordBatchValidatorGoldenTests : IDisposable
{
    private readonly CompressionCodecs _codecs = new();

    public void Dispose() => _codecs.Dispose();

    [Fact]
    public void Validate_BatchesOfKafkasProducer_AreValid()
    {
        var validator = new RecordBatchValidator(_codecs);
        int valid = 0;
        foreach ((JsonElement row, byte[] bytes) in ProducerBatches())
        {
            RecordBatchValidation verdict = validator.Validate(bytes, new RecordValidationOptions());
            Assert.True(verdict.IsValid, $"{row.GetProperty("name")} {row.GetProperty("compression")}: {verdict.ErrorMessage}");
            Assert.Equal(row.GetProperty("records").GetArrayLength(), verdict.Summary.RecordCount);
            Assert.Equal(row.GetProperty("maxTimestamp").GetInt64(), verdict.Summary.MaxTimestamp);
            Assert.False(verdict.Summary.IsMaxTimestampWrong);
            valid++;
        }

        Assert.True(valid >= 40, $"only {valid} batches were tried");
    }

    [Fact]
    public void Validate_AnyByteAfterTheCrcChanged_ReturnsCorruptMessage()
    {
        var validator = new RecordBatchValidator(_codecs);
        foreach ((_, byte[] bytes) in ProducerBatches().Where(batch => batch.Bytes.Length < 400))
        {
            for (int i = RecordBatchFormat.CrcOffset; i < bytes.Length; i++)
            {
                bytes[i] ^= 0x40;
                Assert.Equal(ErrorCode.CorruptMessage, validator.Validate(bytes, new RecordValidationOptions()).ErrorCode);
                bytes[i] ^= 0x40;
            }
        }
    }

    private static IEnumerable<(JsonElement Row, byte[] Bytes)> ProducerBatches() =>
        from row in VectorFiles.Batches
        where row.GetProperty("batches").GetArrayLength() == 1 && row.GetProperty("magic").GetInt32() == 2
        where row.GetProperty("baseOffset").GetInt64() == 0 && !row.GetProperty("isControlBatch").GetBoolean()
        where row.GetProperty("timestampType").GetString() == "CreateTime"
        where row.GetProperty("lastOffset").GetInt64() == row.GetProperty("records").GetArrayLength() - 1
        select (row, Convert.FromHexString(row.GetProperty("hex").GetString()!));
}
