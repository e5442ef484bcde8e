using System.Net;
using KBroker.Broker.Connections;
using KBroker.Broker.Connections.Memory;
using KBroker.Broker.Connections.Sockets;
using KBroker.Broker.Handlers;
using KBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Connections;

/// <summary>A listener on a free port with the handlers a test brings.</summary>
internal sealed class ServerFixture : IAsyncDisposable
{
    private ServerFixture(KafkaListener listener, FrameLeasePool leases, RequestMemoryBudget budget, ConnectionQuota quota)
    {
        Listener = listener;
        Leases = leases;
        Budget = budget;
        Quota = quota;
    }

    public KafkaListener Listener { get; }

    public FrameLeasePool Leases { get; }

    public RequestMemoryBudget Budget { get; }

    public ConnectionQuota Quota { get; }

    public EndPoint EndPoint => Listener.EndPoint;

    public static ServerFixture Start(
        IEnumerable<ApiHandler>? handlers = null, ConnectionOptions? options = null, TimeProvider? time = null, long budgetBytes = 256 << 20)
    {
        options ??= new ConnectionOptions();
        time ??= TimeProvider.System;
        var leases = new FrameLeasePool(TimeProvider.System);
        var budget = new RequestMemoryBudget(budgetBytes);
        var quota = new ConnectionQuota(options.MaxConnections, options.MaxConnectionsPerIp);
        var address = new ListenerOptions("PLAINTEXT", "127.0.0.1", 0);
        HandlerTable table = HandlerTable.Create(handlers ?? [], served => new ApiVersionsHandler(served, "cluster-1", 1));
        var listener = new KafkaListener(
            SocketListener.Bind(address, leases, budget), address, table, options, quota, time, NullLogger<KafkaListener>.Instance);
        listener.Start();
        return new ServerFixture(listener, leases, budget, quota);
    }

    public Task<RawClient> ConnectAsync(int receiveBuffer = 0) => RawClient.ConnectAsync(EndPoint, receiveBuffer);

    public async ValueTask DisposeAsync()
    {
        await Listener.DisposeAsync();
        Leases.Dispose();
    }
}
