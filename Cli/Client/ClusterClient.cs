using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Cli.Client;

/// <summary>
/// The brokers of one cluster: finds them from the bootstrap list, keeps one connection to each, and knows who leads what. Safe
/// for many callers.
/// </summary>
public sealed class ClusterClient : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly IReadOnlyList<BrokerEndpoint> _bootstrap;
    private readonly Dictionary<BrokerEndpoint, Task<BrokerConnection>> _connections = [];
    private readonly CancellationTokenSource _lifetime = new();
    private IReadOnlyDictionary<int, BrokerEndpoint> _brokers = new Dictionary<int, BrokerEndpoint>();
    private int _controllerId = -1;
    private bool _wasConnected;

    /// <summary>Makes a client; nothing is connected before the first request.</summary>
    public ClusterClient(IReadOnlyList<BrokerEndpoint> bootstrap, ClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(bootstrap);
        ArgumentNullException.ThrowIfNull(options);
        if (bootstrap.Count == 0) throw new ArgumentException("no bootstrap server", nameof(bootstrap));
        _bootstrap = bootstrap;
        Options = options;
    }

    /// <summary>What the client goes by.</summary>
    public ClientOptions Options { get; }

    /// <summary>A connection to any broker: one that is open, else the first that can be reached.</summary>
    /// <exception cref="ClientException">None can be reached.</exception>
    public async Task<BrokerConnection> AnyBrokerAsync(CancellationToken cancellation)
    {
        List<BrokerEndpoint> candidates;
        lock (_gate)
        {
            foreach (Task<BrokerConnection> open in _connections.Values)
                if (open.IsCompletedSuccessfully && !open.Result.IsClosed) return open.Result;
            candidates = [.. _brokers.Values.Concat(_bootstrap).Distinct()];
        }

        ClientException? last = null;
        foreach (BrokerEndpoint endpoint in candidates)
        {
            try
            {
                return await ConnectAsync(endpoint, cancellation);
            }
            catch (ClientException e)
            {
                last = e;
            }
        }

        // A cluster that answered before is away for a while; one that never did is most likely not there at all.
        if (_wasConnected || last!.Code != ErrorCode.NetworkException) throw last!;
        string names = string.Join(", ", _bootstrap);
        throw new ClientException(
            ErrorCode.BrokerNotAvailable,
            $"Could not connect to {names}. Is the broker running? Start one with `kbroker start`.",
            last);
    }

    /// <summary>A connection to one broker.</summary>
    /// <exception cref="ClientException">The broker is not known or cannot be reached.</exception>
    public Task<BrokerConnection> BrokerAsync(int brokerId, CancellationToken cancellation)
    {
        BrokerEndpoint endpoint;
        lock (_gate)
        {
            if (!_brokers.TryGetValue(brokerId, out endpoint))
                throw new ClientException(ErrorCode.LeaderNotAvailable, $"Broker {brokerId} is not in the cluster's metadata");
        }

        return ConnectAsync(endpoint, cancellation);
    }

    /// <summary>Sends a request to any broker, again where that makes sense, until <see cref="ClientOptions.ApiTimeout"/>.</summary>
    /// <exception cref="ClientException">No broker answered.</exception>
    public Task<TResponse> SendAsync<TResponse>(IApiMessage request, CancellationToken cancellation)
        where TResponse : WireStruct, IApiMessage<TResponse> =>
        RetryAsync(
            async () => await (await AnyBrokerAsync(cancellation)).SendAsync<TResponse>(request, cancellation),
            static _ => ErrorCode.None,
            cancellation);

    /// <summary>
    /// Sends a request to the controller, to the new one when it moved, until <see cref="ClientOptions.ApiTimeout"/>.
    /// <paramref name="errorOf"/> says what the response holds against being final.
    /// </summary>
    /// <exception cref="ClientException">No controller answered.</exception>
    public Task<TResponse> SendToControllerAsync<TResponse>(
        IApiMessage request, Func<TResponse, ErrorCode> errorOf, CancellationToken cancellation)
        where TResponse : WireStruct, IApiMessage<TResponse>
    {
        ArgumentNullException.ThrowIfNull(errorOf);
        return RetryAsync(
            async () =>
            {
                await GetMetadataAsync([], allowAutoCreation: false, cancellation);
                BrokerConnection controller = await (_controllerId >= 0 ? BrokerAsync(_controllerId, cancellation) : AnyBrokerAsync(cancellation));
                return await controller.SendAsync<TResponse>(request, cancellation);
            },
            response => errorOf(response) == ErrorCode.NotController ? ErrorCode.NotController : ErrorCode.None,
            cancellation);
    }

    /// <summary>
    /// Asks any broker, once, for topics by name (all for null, none for an empty list), and remembers brokers and controller.
    /// </summary>
    /// <exception cref="ClientException">No broker answered.</exception>
    public async Task<MetadataResponse> GetMetadataAsync(
        IReadOnlyList<string>? topics, bool allowAutoCreation, CancellationToken cancellation)
    {
        BrokerConnection broker = await AnyBrokerAsync(cancellation);
        short version = broker.Versions.Highest(ApiKey.Metadata);
        var request = new MetadataRequest
        {
            // Version 0 has no null: there an empty list asks for all topics.
            Topics = topics is null
                ? version == 0 ? [] : null
                : [.. topics.Select(name => new MetadataRequest.MetadataRequestTopic { Name = name })],
            AllowAutoTopicCreation = version is >= 0 and < 4 || allowAutoCreation,
        };
        MetadataResponse response = await broker.SendAsync<MetadataResponse>(request, cancellation);
        if (response.ErrorCode != ErrorCode.None) throw ClientException.Of(response.ErrorCode, null, "Cannot read the cluster's metadata");
        lock (_gate)
        {
            // An answer without brokers comes from one that has only just started: what is known is better.
            if (response.Brokers.Length > 0)
                _brokers = response.Brokers.ToDictionary(item => item.NodeId, item => new BrokerEndpoint(item.Host, item.Port));
            _controllerId = response.ControllerId;
        }

        return response;
    }

    /// <summary>
    /// Looks one topic up, waiting up to <paramref name="limit"/> while it is being created; null when it does not exist and
    /// creation is not allowed, or was not done in time.
    /// </summary>
    /// <exception cref="ClientException">The cluster refuses, or no broker answers.</exception>
    public async Task<TopicView?> FindTopicAsync(string topic, bool allowAutoCreation, TimeSpan limit, CancellationToken cancellation)
    {
        var backoff = new RetryBackoff(Options, limit);
        while (true)
        {
            ErrorCode code;
            try
            {
                MetadataResponse response = await GetMetadataAsync([topic], allowAutoCreation, cancellation);
                MetadataResponse.MetadataResponseTopic? found = response.Topics.FirstOrDefault(item => item.Name == topic);
                code = found?.ErrorCode ?? ErrorCode.UnknownTopicOrPartition;
                if (code == ErrorCode.None && found!.Partitions.Length > 0) return new TopicView(found);
                if (code == ErrorCode.None) code = ErrorCode.LeaderNotAvailable;
                if (code == ErrorCode.UnknownTopicOrPartition && !allowAutoCreation) return null;
                if (!code.IsRetriable()) throw ClientException.Of(code, null, $"Topic '{topic}'");
            }
            catch (ClientException e) when (e.IsRetriable && !backoff.IsExhausted)
            {
                Options.Warn(e.Message);
                code = e.Code;
            }

            if (backoff.Attempts == 5) Options.Warn($"Waiting for topic '{topic}': {ErrorText.Of(code)}");
            if (!await backoff.WaitAsync(cancellation)) return null;
        }
    }

    /// <summary>Closes all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        Task<BrokerConnection>[] connections;
        await _lifetime.CancelAsync();
        lock (_gate)
        {
            connections = [.. _connections.Values];
            _connections.Clear();
        }

        foreach (Task<BrokerConnection> connection in connections)
        {
            await ((Task)connection).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (connection.IsCompletedSuccessfully) await connection.Result.DisposeAsync();
        }

        _lifetime.Dispose();
    }

    private async Task<BrokerConnection> ConnectAsync(BrokerEndpoint endpoint, CancellationToken cancellation)
    {
        Task<BrokerConnection> connecting;
        lock (_gate)
        {
            if (!_connections.TryGetValue(endpoint, out connecting!) || IsOver(connecting))
                _connections[endpoint] = connecting = BrokerConnection.ConnectAsync(endpoint, Options, _lifetime.Token);
        }

        BrokerConnection connection = await connecting.WaitAsync(cancellation);
        _wasConnected = true;
        return connection;
    }

    private static bool IsOver(Task<BrokerConnection> connecting) =>
        connecting.IsCompletedSuccessfully ? connecting.Result.IsClosed : connecting.IsCompleted;

    private async Task<TResponse> RetryAsync<TResponse>(
        Func<Task<TResponse>> attempt, Func<TResponse, ErrorCode> retryFor, CancellationToken cancellation)
    {
        var backoff = new RetryBackoff(Options, Options.ApiTimeout);
        while (true)
        {
            try
            {
                TResponse response = await attempt();
                if (retryFor(response) == ErrorCode.None || backoff.IsExhausted) return response;
            }
            catch (ClientException e) when (e.IsRetriable && !backoff.IsExhausted)
            {
                Options.Warn($"{e.Message}; trying again");
            }

            await backoff.WaitAsync(cancellation);
        }
    }
}
