namespace KBroker.Protocol.Wire;

/// <summary>A structure that can be read.</summary>
/// <typeparam name="TSelf">The structure itself.</typeparam>
public interface IWireStruct<TSelf>
    where TSelf : WireStruct, IWireStruct<TSelf>
{
    /// <summary>Reads the structure in the given version; the reader stands behind it afterwards.</summary>
    /// <exception cref="MalformedMessageException">The bytes are not one.</exception>
    static abstract TSelf Read(ref KafkaReader r, short v);

    /// <summary>The fewest bytes that the structure takes in the given version, 1 or more.</summary>
    static abstract int MinSize(short v);
}
