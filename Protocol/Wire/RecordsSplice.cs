namespace KBroker.Protocol.Wire;

/// <summary>A place in an encoded message where the bytes of a source belong.</summary>
/// <param name="Position">The position in the written span, in bytes from its start, before which the source's bytes are sent.</param>
/// <param name="Source">What is sent there.</param>
public readonly record struct RecordsSplice(int Position, IRecordsSource Source);
