namespace KBroker.Protocol.Wire;

/// <summary>A structure read in place: its fields are values and spans of the received bytes, and nothing is allocated.</summary>
/// <typeparam name="TSelf">The view itself.</typeparam>
public interface IWireView<TSelf>
    where TSelf : struct, IWireView<TSelf>, allows ref struct
{
    /// <summary>
    /// Reads the structure in the given version. A message leaves the reader behind it; a nested structure may leave it
    /// before the elements of its last array, so that they are not walked for nothing.
    /// </summary>
    /// <exception cref="MalformedMessageException">The bytes are not one.</exception>
    static abstract TSelf Read(scoped ref KafkaReader r, short v);

    /// <summary>Checks the whole structure and puts the reader behind it.</summary>
    /// <exception cref="MalformedMessageException">The bytes are not one.</exception>
    static abstract void Skip(scoped ref KafkaReader r, short v);
}
