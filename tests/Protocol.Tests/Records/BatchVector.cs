using System.Text.Json;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;
using Record = KBroker.Protocol.Records.Record;

namespace KBroker.Protocol.Tests.Records;

/// <summary>A row of the golden batches: bytes that Kafka wrote, and what Kafka reads from them.</summary>
public sealed class BatchVector(JsonElement row)
{
    public static IEnumerable<BatchVector> All => VectorFiles.Batches.Select(row => new BatchVector(row));

    public JsonElement Row => row;

    public byte[] Bytes { get; } = Convert.FromHexString(row.GetProperty("hex").GetString()!);

    public string Name => $"{row.GetProperty("name").GetString()}/{row.GetProperty("compression").GetString()}";

    public int PartialTrailingBytes => row.TryGetProperty("partialTrailingBytes", out JsonElement bytes) ? bytes.GetInt32() : 0;

    public JsonElement[] Batches => [.. row.GetProperty("batches").EnumerateArray()];

    public JsonElement[] Records => [.. row.GetProperty("records").EnumerateArray()];

    public static CompressionType Compression(JsonElement batch) =>
        Enum.Parse<CompressionType>(batch.GetProperty("compression").GetString()!, ignoreCase: true);

    public static byte[]? Base64(JsonElement value) =>
        value.ValueKind == JsonValueKind.Null ? null : Convert.FromBase64String(value.GetString()!);

    /// <summary>The record as Kafka's JSON has it, for comparison by text.</summary>
    public static string Describe(Record record)
    {
        var headers = new List<string>();
        foreach (RecordHeaderView header in record.Headers)
            headers.Add($"{header.Key}={(header.HasValue ? Convert.ToBase64String(header.Value) : "null")}");
        string key = record.HasKey ? Convert.ToBase64String(record.Key) : "null";
        string value = record.HasValue ? Convert.ToBase64String(record.Value) : "null";
        return $"{record.Offset} {record.Timestamp} {record.CreateTimestamp} {record.Sequence} {key} {value} [{string.Join(",", headers)}]";
    }

    public static string Describe(JsonElement record, bool withCreateTimestamp)
    {
        long timestamp = record.GetProperty("timestamp").GetInt64();
        long created = withCreateTimestamp && record.TryGetProperty("createTimestamp", out JsonElement at) ? at.GetInt64() : timestamp;
        int sequence = record.TryGetProperty("sequence", out JsonElement number) ? number.GetInt32() : -1;
        IEnumerable<string> headers = record.GetProperty("headers").EnumerateArray()
            .Select(header => $"{header[0].GetString()}={(header[1].GetString() ?? "null")}");
        string key = record.GetProperty("key").GetString() ?? "null";
        string value = record.GetProperty("value").GetString() ?? "null";
        return $"{record.GetProperty("offset").GetInt64()} {timestamp} {created} {sequence} {key} {value} [{string.Join(",", headers)}]";
    }
}
