namespace KBroker.TestKit.Golden;

/// <summary>A record at its offset; timestamp -1 for a message of magic 0, which has none.</summary>
internal sealed record GoldenRecord(long Offset, long Timestamp, byte[]? Key, byte[]? Value);
