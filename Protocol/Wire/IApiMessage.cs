namespace KBroker.Protocol.Wire;

/// <summary>The body of a request or a response.</summary>
public interface IApiMessage
{
    /// <summary>The API it belongs to.</summary>
    ApiKey Key { get; }

    /// <inheritdoc cref="WireStruct.GetSize(short, out long)"/>
    int GetSize(short version, out long splicedBytes);

    /// <inheritdoc cref="WireStruct.Write"/>
    void Write(ref KafkaWriter w, short v);
}

/// <summary>The body of a request or a response that can be read.</summary>
/// <typeparam name="TSelf">The message itself.</typeparam>
public interface IApiMessage<TSelf> : IApiMessage, IWireStruct<TSelf>
    where TSelf : WireStruct, IApiMessage<TSelf>;
