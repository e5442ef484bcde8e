using System.Text.Json;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Protocol.Tests.Records;

/// <summary>The golden batches: every magic and codec, as Kafka wrote them.</summary>
public sealed class RecordBatchGoldenTests : IDisposable
{
    private readonly CompressionCodecs _codecs = new();

    public static TheoryData<int> Rows => [.. Enumerable.Range(0, VectorFiles.Batches.Count)];

    public void Dispose() => _codecs.Dispose();

    [Fact]
    public void Vectors_AreThere() => Assert.True(VectorFiles.Batches.Count >= 130, $"{VectorFiles.Batches.Count} rows");

    [Theory]
    [MemberData(nameof(Rows))]
    public void Enumerate_Headers_AgreeWithKafka(int row)
    {
        var vector = new BatchVector(VectorFiles.Batches[row]);
        var batches = new RecordBatchEnumerator(vector.Bytes);
        foreach (JsonElement expected in vector.Batches)
        {
            Assert.True(batches.MoveNext(), vector.Name);
            RecordBatchInfo info = batches.Current;
            bool knowsBase = info.Magic == 2 || !info.Attributes.IsCompressed;
            Assert.Equal(expected.GetProperty("position").GetInt32(), info.Position);
            Assert.Equal(expected.GetProperty("sizeInBytes").GetInt32(), info.SizeInBytes);
            Assert.Equal(expected.GetProperty("magic").GetInt32(), info.Magic);
            Assert.Equal(expected.GetProperty(knowsBase ? "baseOffset" : "lastOffset").GetInt64(), info.BaseOffset);
            Assert.Equal(expected.GetProperty("lastOffset").GetInt64(), info.LastOffset);
            Assert.Equal(expected.GetProperty("maxTimestamp").GetInt64(), info.MaxTimestamp);
            Assert.Equal(expected.GetProperty("attributes").GetInt32(), info.Attributes.Value);
            Assert.Equal(BatchVector.Compression(expected), info.Attributes.CompressionType);
            if (info.Magic == 2) CheckHeader(expected, new RecordBatchHeader(batches.CurrentBytes));
        }

        Assert.False(batches.MoveNext());
        Assert.Equal(vector.PartialTrailingBytes, batches.PartialTrailingBytes);
        Assert.Equal(
            vector.PartialTrailingBytes == 0 ? RecordBatchEnumeratorState.End : RecordBatchEnumeratorState.PartialTail, batches.State);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Read_Records_AgreeWithKafka(int row)
    {
        var vector = new BatchVector(VectorFiles.Batches[row]);
        using var reader = new RecordBatchReader(_codecs);
        var read = new List<string>();
        foreach (RecordBatchInfo batch in new RecordBatchEnumerator(vector.Bytes))
        {
            RecordEnumerator records = reader.Read(vector.Bytes.AsSpan(batch.Position));
            while (records.MoveNext()) read.Add(BatchVector.Describe(records.Current));
            Assert.True(records.ErrorCode == ErrorCode.None, $"{vector.Name}: {records.ErrorMessage}");
        }

        Assert.Equal(vector.Records.Select(record => BatchVector.Describe(record, withCreateTimestamp: true)), read);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Build_SameRecords_GivesSameBytes(int row)
    {
        var vector = new BatchVector(VectorFiles.Batches[row]);
        if (vector.Batches.Length != 1 || vector.Row.GetProperty("magic").GetInt32() != 2) return;

        byte[] built = Rebuild(vector);
        if (vector.Row.GetProperty("compression").GetString() == "none")
        {
            Assert.Equal(Convert.ToHexString(vector.Bytes), Convert.ToHexString(built));
            return;
        }

        // Compressors differ from release to release; what comes out of them may not.
        Assert.Equal(ReadAll(vector.Bytes), ReadAll(built));
    }

    private byte[] Rebuild(BatchVector vector)
    {
        var header = new RecordBatchHeader(vector.Bytes);
        using var builder = new RecordBatchBuilder(
            new RecordBatchOptions
            {
                BaseOffset = header.BaseOffset,
                LastOffset = header.LastOffset,
                PartitionLeaderEpoch = header.PartitionLeaderEpoch,
                CompressionType = header.CompressionType,
                TimestampType = header.TimestampType,
                MaxTimestamp = header.TimestampType == TimestampType.LogAppendTime || header.RecordCount == 0 ? header.MaxTimestamp : null,
                DeleteHorizonMs = header.HasDeleteHorizon ? header.BaseTimestamp : null,
                ProducerId = header.ProducerId,
                ProducerEpoch = header.ProducerEpoch,
                BaseSequence = header.BaseSequence,
                IsTransactional = header.IsTransactional,
                IsControl = header.IsControl,
            },
            _codecs);
        foreach (JsonElement record in vector.Records)
        {
            long timestamp = record.TryGetProperty("createTimestamp", out JsonElement at)
                ? at.GetInt64()
                : record.GetProperty("timestamp").GetInt64();
            RecordHeader[] headers =
            [
                .. record.GetProperty("headers").EnumerateArray()
                    .Select(pair => new RecordHeader(pair[0].GetString()!, BatchVector.Base64(pair[1]))),
            ];
            builder.AppendAt(
                record.GetProperty("offset").GetInt64(),
                timestamp,
                BatchVector.Base64(record.GetProperty("key")),
                BatchVector.Base64(record.GetProperty("value")),
                headers);
        }

        return builder.ToArray();
    }

    private List<string> ReadAll(byte[] batch)
    {
        using var reader = new RecordBatchReader(_codecs);
        var read = new List<string>();
        RecordEnumerator records = reader.Read(batch);
        while (records.MoveNext()) read.Add(BatchVector.Describe(records.Current));
        Assert.Equal(ErrorCode.None, records.ErrorCode);
        return read;
    }

    private static void CheckHeader(JsonElement expected, RecordBatchHeader header)
    {
        Assert.True(header.IsCrcValid);
        Assert.Equal(expected.GetProperty("crc").GetUInt32(), header.Crc);
        Assert.Equal(expected.GetProperty("partitionLeaderEpoch").GetInt32(), header.PartitionLeaderEpoch);
        Assert.Equal(expected.GetProperty("baseTimestamp").GetInt64(), header.BaseTimestamp);
        Assert.Equal(expected.GetProperty("lastOffsetDelta").GetInt32(), header.LastOffsetDelta);
        Assert.Equal(expected.GetProperty("nextOffset").GetInt64(), header.NextOffset);
        Assert.Equal(expected.GetProperty("producerId").GetInt64(), header.ProducerId);
        Assert.Equal(expected.GetProperty("producerEpoch").GetInt16(), header.ProducerEpoch);
        Assert.Equal(expected.GetProperty("baseSequence").GetInt32(), header.BaseSequence);
        Assert.Equal(expected.GetProperty("isTransactional").GetBoolean(), header.IsTransactional);
        Assert.Equal(expected.GetProperty("isControlBatch").GetBoolean(), header.IsControl);
        Assert.Equal(expected.GetProperty("timestampType").GetString(), header.TimestampType.ToString());
        Assert.Equal(expected.GetProperty("count").GetInt32(), header.RecordCount);
        JsonElement horizon = expected.GetProperty("deleteHorizonMs");
        Assert.Equal(horizon.ValueKind != JsonValueKind.Null, header.HasDeleteHorizon);
        if (header.HasDeleteHorizon) Assert.Equal(horizon.GetInt64(), header.BaseTimestamp);
    }
}
