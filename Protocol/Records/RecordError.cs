namespace KBroker.Protocol.Records;

/// <summary>Why one record of a batch was refused, as the Produce response carries it from version 8 (KIP-467).</summary>
/// <param name="BatchIndex">The record's place in the batch, from 0.</param>
/// <param name="Message">What is wrong, in words.</param>
public readonly record struct RecordError(int BatchIndex, string Message);
