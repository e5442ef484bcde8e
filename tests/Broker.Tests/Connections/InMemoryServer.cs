using KBroker.Broker.Connections;
using KBroker.Broker.Handlers;
using KBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Connections;

/// <summary>A listener whose connections exist in memory only.</summary>
internal sealed class InMemoryServer(InMemoryListener transport, KafkaListener listener) : IAsyncDisposable
{
    public InMemoryListener Transport { get; } = transport;

    public KafkaListener Listener { get; } = listener;

    public static InMemoryServer Start(IEnumerable<ApiHandler>? handlers = null, ConnectionOptions? options = null, TimeProvider? time = null)
    {
        options ??= new ConnectionOptions();
        var transport = new InMemoryListener();
        var quota = new ConnectionQuota(options.MaxConnections, options.MaxConnectionsPerIp);
        HandlerTable table = HandlerTable.Create(handlers ?? [], served => new ApiVersionsHandler(served, null, -1));
        var listener = new KafkaListener(
            transport, new ListenerOptions("MEMORY", "", 0), table, options, quota, time ?? TimeProvider.System,
            NullLogger<KafkaListener>.Instance);
        listener.Start();
        return new InMemoryServer(transport, listener);
    }

    public ValueTask DisposeAsync() => Listener.DisposeAsync();
}
