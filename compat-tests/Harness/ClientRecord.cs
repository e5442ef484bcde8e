using System.Text;

namespace KBroker.Compat.Tests.Harness;

/// <summary>A record as a client sees it; all clients are compared through this one form.</summary>
internal sealed record ClientRecord(int Partition, long Offset, long Timestamp, byte[]? Key, byte[]? Value)
{
    public IReadOnlyList<(string Name, byte[]? Value)> Headers { get; init; } = [];

    public string KeyText => Key is null ? "(null)" : Encoding.UTF8.GetString(Key);

    /// <summary>Everything of the record in one line, so that two views of it can be compared and shown.</summary>
    public string Canonical() =>
        $"{Partition}/{Offset} ts={Timestamp} key={Show(Key)} value={Show(Value)} "
        + $"[{string.Join(' ', Headers.Select(header => $"{header.Name}={Show(header.Value)}"))}]";

    private static string Show(byte[]? bytes) => bytes switch
    {
        null => "null",
        { Length: > 200 } => $"{bytes.Length} bytes, SHA-256 {Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes))}",
        _ => $"'{Encoding.Latin1.GetString(bytes)}'",
    };
}
