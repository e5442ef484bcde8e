using System.Net;
using KBroker.Broker.Configuration;
using KBroker.Broker.Connections;
using KBroker.Broker.Connections.Memory;
using KBroker.Broker.Connections.Sockets;
using KBroker.Controller.Metadata;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Hosting;

/// <summary>
/// The broker's listeners. They are bound before the broker joins the cluster, so that the addresses it tells are real, and
/// accept once it can serve.
/// </summary>
internal sealed class BrokerListeners : IAsyncDisposable
{
    private readonly BrokerConfig _config;
    private readonly FrameLeasePool _leases;
    private readonly List<(ListenerOptions Options, SocketListener Socket)> _bound = [];
    private readonly List<KafkaListener> _serving = [];

    private BrokerListeners(BrokerConfig config, FrameLeasePool leases)
    {
        _config = config;
        _leases = leases;
    }

    /// <summary>The bound addresses by listener name, with real ports.</summary>
    public IReadOnlyDictionary<string, IPEndPoint> EndPoints =>
        _bound.ToDictionary(one => one.Options.Name, one => (IPEndPoint)one.Socket.EndPoint);

    /// <summary>What clients are told, by listener.</summary>
    public IReadOnlyList<BrokerEndpoint> Advertised =>
    [
        .. _config.Listeners.Advertised.Select(endpoint => new BrokerEndpoint(
            endpoint.Name,
            WireName(endpoint.Protocol),
            endpoint.Host,
            endpoint.Port != 0 ? endpoint.Port : EndPoints[endpoint.Name].Port)),
    ];

    /// <summary>Binds every listener.</summary>
    /// <exception cref="BrokerStartException">An address cannot be bound.</exception>
    public static async Task<BrokerListeners> BindAsync(BrokerConfig config, TimeProvider time)
    {
        RequestMemoryBudget budget = config.Sockets.QueuedMaxRequestBytes is { } bytes
            ? new RequestMemoryBudget(bytes) : RequestMemoryBudget.ForThisMachine();
        var listeners = new BrokerListeners(config, new FrameLeasePool(time));
        try
        {
            foreach (ListenerOptions options in TransportSettings.Listeners(config.Listeners, config.Sockets))
                listeners._bound.Add((options, SocketListener.Bind(options, listeners._leases, budget)));
            return listeners;
        }
        catch (IOException e)
        {
            await listeners.DisposeAsync().ConfigureAwait(false);
            throw new BrokerStartException($"{e.Message} Choose another address with --override listeners=PLAINTEXT://HOST:PORT.", e);
        }
    }

    /// <summary>Begins to accept.</summary>
    public void Serve(HandlerTable handlers, int maxConnections, BrokerPlatform platform)
    {
        ConnectionOptions limits = TransportSettings.Connections(_config.Sockets);
        var quota = TransportSettings.Quota(_config.Sockets with { MaxConnections = maxConnections });
        ILogger<KafkaListener> logger = platform.Loggers.CreateLogger<KafkaListener>();
        foreach ((ListenerOptions options, SocketListener socket) in _bound)
        {
            var listener = new KafkaListener(socket, options, handlers, limits, quota, platform.Time, logger);
            _serving.Add(listener);
            listener.Start();
        }
    }

    /// <summary>Stops accepting and lets requests in progress finish until the deadline.</summary>
    public Task DrainAsync(TimeSpan deadline) => Task.WhenAll(_serving.Select(listener => listener.StopAsync(deadline)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (KafkaListener listener in _serving) await listener.DisposeAsync().ConfigureAwait(false);
        foreach ((_, SocketListener socket) in _bound) await socket.DisposeAsync().ConfigureAwait(false);
        _leases.Dispose();
    }

    private static string WireName(SecurityProtocol protocol) => protocol switch
    {
        SecurityProtocol.Plaintext => "PLAINTEXT",
        SecurityProtocol.Ssl => "SSL",
        SecurityProtocol.SaslPlaintext => "SASL_PLAINTEXT",
        _ => "SASL_SSL",
    };
}
