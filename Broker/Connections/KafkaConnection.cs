using System.Diagnostics.CodeAnalysis;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Connections;

/// <summary>
/// One client: reads requests, hands each to its handler and lets the responses out in the order of the requests. A single
/// loop reads and dispatches; nothing waits between the socket and the handler.
/// </summary>
/// <remarks>
/// Owned by the listener that accepted it. <see cref="RunAsync"/> ends when the client leaves, breaks the protocol or exceeds
/// a deadline, or when the broker drains; it does not throw.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "Cancelled by whoever ends the connection, possibly late; it holds no handle.")]
internal sealed class KafkaConnection
{
    // A client that always has bytes ready would otherwise keep its socket thread to itself.
    private const int RequestsBetweenYields = 128;
    private const long BytesBetweenYields = 8 << 20;

    private readonly ITransportConnection _transport;
    private readonly HandlerTable _handlers;
    private readonly ConnectionLog _log;
    private readonly FrameReader _frames;
    private readonly ResponseQueue _responses;
    private readonly CancellationTokenSource _closed = new();
    private readonly ConnectionDeadlines _deadlines;
    private readonly byte[] _clientIdUtf8 = new byte[64];
    private int _clientIdLength = -1;
    private string? _clientId;
    private int _requestsSinceYield;
    private long _bytesSinceYield;
    private volatile bool _dispatching;
    private volatile bool _draining;
    private volatile string? _abortReason;

    public KafkaConnection(
        ITransportConnection transport, string id, ListenerOptions listener, HandlerTable handlers, ConnectionOptions options,
        ConnectionLog log)
    {
        _transport = transport;
        _handlers = handlers;
        _log = log;
        _frames = new FrameReader(transport.Input, options.MaxRequestBytes);
        _responses = new ResponseQueue(transport, options.MaxQueuedResponses);
        _deadlines = new ConnectionDeadlines(options);
        Client = new ClientConnection(id, listener, transport.RemoteEndPoint, _closed.Token);
    }

    /// <summary>What handlers see of the connection.</summary>
    public ClientConnection Client { get; }

    /// <summary>Serves the client until the connection ends, and closes it.</summary>
    public async Task RunAsync()
    {
        Exception? failure = null;
        try
        {
            bool drain = await ServeAsync().ConfigureAwait(false);
            if (drain || _draining) await _responses.WhenDrainedAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // The one catch of a connection: whatever a client or a handler does, only this connection ends.
            failure = error;
        }

        await CloseAsync(failure ?? _responses.Failure).ConfigureAwait(false);
    }

    /// <summary>Takes no more requests; ends once what was taken is answered.</summary>
    public void Drain()
    {
        _draining = true;
        _transport.StopReading();
    }

    /// <summary>Ends the connection at once.</summary>
    public void Abort(string reason)
    {
        _abortReason ??= reason;
        _transport.Abort();
        _responses.Fail(new IOException(reason));
        _ = _closed.CancelAsync();
    }

    /// <summary>Ends the connection if a deadline has passed. Called by one thread, every now and then.</summary>
    public void CheckDeadlines(long now, TimeProvider time)
    {
        bool heldBack = _dispatching || _transport.IsReadingHeldBack;
        long received = _transport.BytesReceived;
        var activity = new ConnectionActivity(
            received, _transport.BytesSent, IsAwaitingClient: !heldBack && received != _frames.BytesTaken,
            _responses.IsSending, IsBusy: heldBack || _responses.IsBusy);
        if (_deadlines.Check(activity, now, time) is { } reason) Abort(reason);
    }

    /// <summary>The frame loop. Returns whether responses that still wait are to be sent before closing.</summary>
    private async Task<bool> ServeAsync()
    {
        while (true)
        {
            ValueTask<bool> reading = _frames.ReadAsync();
            bool waited = !reading.IsCompleted;
            if (!await reading.ConfigureAwait(false)) return false;
            await YieldIfGreedyAsync(waited).ConfigureAwait(false);

            _dispatching = true;
            QueuedResponse response = await DispatchAsync().ConfigureAwait(false);
            _frames.Advance();
            if (response.Response.IsClose) return true;
            if (!response.Response.IsNone) await _responses.PostAsync(response).ConfigureAwait(false);
            _dispatching = false;
        }
    }

    private ValueTask<QueuedResponse> DispatchAsync()
    {
        ReadOnlyMemory<byte> frame = _frames.Frame;
        var reader = new KafkaReader(frame);

        // Every header begins like version 0; only the API says which version it really is.
        KafkaReader ahead = reader;
        RequestHeaderView start = RequestHeaderView.Read(ref ahead, 0);
        ApiHandler handler = _handlers.Find(start.RequestApiKey)
            ?? throw new MalformedMessageException($"API key {start.RequestApiKey} is not served here");
        short version = start.RequestApiVersion;
        if (version < handler.LowestVersion || version > handler.HighestVersion)
        {
            if (handler.UnsupportedVersionResponse is not { } refusal)
                throw new MalformedMessageException($"{handler.ApiKey} version {version} is not served");
            return new(new QueuedResponse(PendingResponse.Ready(refusal), 0, start.CorrelationId));
        }

        RequestHeaderView header = RequestHeaderView.Read(ref reader, ApiKeys.Get(handler.ApiKey).RequestHeaderVersion(version));
        var context = new RequestContext(
            handler.ApiKey, version, header.CorrelationId, ClientId(header), frame[reader.Position..], Client);
        ValueTask<PendingResponse> dispatched = handler.HandleAsync(in context);
        return dispatched.IsCompletedSuccessfully
            ? new(new QueuedResponse(dispatched.Result, context.ApiVersion, context.CorrelationId))
            : FinishDispatchAsync(dispatched, context.ApiVersion, context.CorrelationId);
    }

    private static async ValueTask<QueuedResponse> FinishDispatchAsync(
        ValueTask<PendingResponse> dispatched, short version, int correlationId) =>
        new(await dispatched.ConfigureAwait(false), version, correlationId);

    /// <summary>A client hardly ever changes its id, so that one string serves all its requests.</summary>
    private string? ClientId(in RequestHeaderView header)
    {
        if (header.ClientIdIsNull) return null;
        ReadOnlySpan<byte> utf8 = header.ClientId;
        if (_clientIdLength >= 0 && utf8.SequenceEqual(_clientIdUtf8.AsSpan(0, _clientIdLength))) return _clientId;
        string clientId = System.Text.Encoding.UTF8.GetString(utf8);
        if (utf8.Length <= _clientIdUtf8.Length)
        {
            utf8.CopyTo(_clientIdUtf8);
            _clientIdLength = utf8.Length;
            _clientId = clientId;
        }

        return clientId;
    }

    private ValueTask YieldIfGreedyAsync(bool waited)
    {
        if (waited) (_requestsSinceYield, _bytesSinceYield) = (0, 0);
        _requestsSinceYield++;
        _bytesSinceYield += _frames.Frame.Length;
        if (_requestsSinceYield < RequestsBetweenYields && _bytesSinceYield < BytesBetweenYields) return ValueTask.CompletedTask;
        (_requestsSinceYield, _bytesSinceYield) = (0, 0);
        return YieldAsync();
    }

    private static async ValueTask YieldAsync() => await Task.Yield();

    private async Task CloseAsync(Exception? failure)
    {
        try
        {
            if (_abortReason is { } reason) _log.Closed(Client, reason);
            else if (failure is not null) _log.Failed(Client, failure);
            _responses.Fail(failure ?? new IOException("The connection is closed."));
            await _closed.CancelAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // Callbacks of handlers run on cancellation; what they throw is theirs, but the socket is closed all the same.
            _log.Failed(Client, error);
        }

        await _transport.DisposeAsync().ConfigureAwait(false);
    }
}
