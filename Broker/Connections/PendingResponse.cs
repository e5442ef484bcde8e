using KBroker.Protocol.Wire;

namespace KBroker.Broker.Connections;

/// <summary>
/// What a dispatched request is answered with: a message at once, a message later, nothing (Produce with acks=0), or the end
/// of the connection. Sources of records in the message pass to the connection, which releases them.
/// </summary>
public readonly struct PendingResponse
{
    private static readonly object CloseMarker = new();

    private readonly object? _value;

    private PendingResponse(object value) => _value = value;

    /// <summary>No response is sent; the client does not expect one.</summary>
    public static PendingResponse None => default;

    /// <summary>The connection is closed once the responses before this one are sent.</summary>
    public static PendingResponse Close => new(CloseMarker);

    internal bool IsNone => _value is null;

    internal bool IsClose => ReferenceEquals(_value, CloseMarker);

    /// <summary>A response that is complete.</summary>
    public static PendingResponse Ready(IApiMessage response) => new(response);

    /// <summary>A response that will be complete. It is sent in the order of the requests.</summary>
    public static PendingResponse Later(Task<IApiMessage> response) => new(response);

    /// <summary>A response that may be complete already.</summary>
    public static PendingResponse From(ValueTask<IApiMessage> response) =>
        response.IsCompletedSuccessfully ? Ready(response.Result) : Later(response.AsTask());

    /// <summary>The message, if it is complete.</summary>
    internal IApiMessage? Message => _value as IApiMessage ?? ((_value as Task<IApiMessage>) is { IsCompletedSuccessfully: true } t ? t.Result : null);

    /// <summary>The message to wait for, where it was not complete from the start.</summary>
    internal Task<IApiMessage>? Task => _value as Task<IApiMessage>;
}
