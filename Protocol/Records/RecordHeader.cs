namespace KBroker.Protocol.Records;

/// <summary>A header of a record to be written (KIP-82).</summary>
/// <param name="Key">Its name, which may repeat within a record.</param>
/// <param name="Value">Its value, or null.</param>
public readonly record struct RecordHeader(string Key, byte[]? Value);
