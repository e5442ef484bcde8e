namespace KBroker.Protocol.Wire;

/// <summary>A structure read in place: its fields are values and spans of the received bytes, and nothing is allocated.</summary>
/// <typeparam name="TSelf">The view itself.</typeparam>
public interface IWireView<TSelf>
    where TSelf : struct, IWireView<TSelf>, allows ref struct
{
    /// <summary>
    /// Whether <see cref="Read"/> leaves the reader inside the structure, before the elements of its last array, so that they
    /// are walked only once.
    /// </summary>
    static abstract bool IsLazy { get; }

    /// <summary>Reads the structure in the given version.</summary>
    /// <exception cref="MalformedMessageException">The bytes are not one.</exception>
    static abstract TSelf Read(scoped ref KafkaReader r, short v);

    /// <summary>Checks the whole structure and puts the reader behind it.</summary>
    /// <exception cref="MalformedMessageException">The bytes are not one.</exception>
    static abstract void Skip(scoped ref KafkaReader r, short v);
}
