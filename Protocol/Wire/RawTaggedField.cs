namespace KBroker.Protocol.Wire;

/// <summary>A tagged field that the schema does not know (KIP-482): kept when a message is read, written back when it is written.</summary>
/// <param name="Tag">The tag, 0 or more.</param>
/// <param name="Data">The field's bytes, without tag and length.</param>
public readonly record struct RawTaggedField(int Tag, byte[] Data);
