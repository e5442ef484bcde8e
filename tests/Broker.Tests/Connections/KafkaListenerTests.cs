using System.Net;
using System.Net.Sockets;
using KBroker.Broker.Connections;
using KBroker.Broker.Handlers;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;
using KBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Connections;

public sealed class KafkaListenerTests
{
    [Fact]
    public async Task Stop_RequestsInFlight_AreAnsweredAndIdleConnectionsClose()
    {
        var answer = new TaskCompletionSource<IApiMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        var taken = new TaskCompletionSource();
        ScriptedHandler handler = ScriptedHandler.Heartbeat((_, _) =>
        {
            taken.SetResult();
            return new(PendingResponse.Later(answer.Task));
        });
        await using ServerFixture server = ServerFixture.Start([handler]);
        await using RawClient idle = await server.ConnectAsync();
        await using RawClient busy = await server.ConnectAsync();
        await idle.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        await busy.SendAsync(ScriptedHandler.Request(0), 3);
        await taken.Task;
        Task stopping = server.Listener.StopAsync(TimeSpan.FromMinutes(5));
        Assert.Null(await idle.ReceiveFrameAsync());
        await Assert.ThrowsAnyAsync<SocketException>(async () => await (await server.ConnectAsync()).DisposeAsync());
        Assert.False(stopping.IsCompleted);
        answer.SetResult(new HeartbeatResponse { ThrottleTimeMs = 42 });
        Assert.Equal(42, (await busy.ReceiveAsync<HeartbeatResponse>(ApiKey.Heartbeat, 3)).Response.ThrottleTimeMs);
        Assert.Null(await busy.ReceiveFrameAsync());
        await stopping.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal((0, 0), (server.Listener.ConnectionCount, server.Quota.Total));
    }

    [Fact]
    public async Task Stop_RequestNeverAnswered_IsBrokenAtTheDeadline()
    {
        var time = new ManualTimeProvider();
        var taken = new TaskCompletionSource();
        ScriptedHandler handler = ScriptedHandler.Heartbeat((_, _) =>
        {
            taken.SetResult();
            return new(PendingResponse.Later(new TaskCompletionSource<IApiMessage>().Task));
        });
        await using ServerFixture server = ServerFixture.Start([handler], time: time);
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync(ScriptedHandler.Request(0), 3);
        await taken.Task;
        Task stopping = server.Listener.StopAsync(TimeSpan.FromSeconds(10));
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(stopping.IsCompleted);
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return stopping.IsCompleted;
            },
            "the listener to stop");
        Assert.Null(await client.ReceiveFrameAsync());
    }

    [Theory]
    [InlineData(2, 100)]
    [InlineData(100, 2)]
    public async Task Connections_AboveALimit_AreRefusedUntilOneLeaves(int max, int maxPerIp)
    {
        var options = new ConnectionOptions { MaxConnections = max, MaxConnectionsPerIp = maxPerIp };
        await using ServerFixture server = ServerFixture.Start(options: options);
        await using RawClient first = await server.ConnectAsync();
        await using RawClient second = await server.ConnectAsync();
        await first.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        await second.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        await using (RawClient third = await server.ConnectAsync()) Assert.Null(await third.ReceiveFrameAsync());
        await first.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        await second.DisposeAsync();
        await Eventually.TrueAsync(() => server.Quota.Total == 1, "room");
        await using RawClient fourth = await server.ConnectAsync();
        await fourth.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
    }

    [Fact]
    public async Task Accept_FailsNowAndThen_ListenerGoesOn()
    {
        var time = new ManualTimeProvider();
        var transport = new FlakyListener();
        HandlerTable table = HandlerTable.Create([], served => new ApiVersionsHandler(served, null, -1));
        await using var listener = new KafkaListener(
            transport, new ListenerOptions("FLAKY", "", 0), table, new ConnectionOptions(), new ConnectionQuota(9, 9), time,
            NullLogger<KafkaListener>.Instance);
        listener.Start();
        await using RawClient client = transport.Inner.Connect();
        Task<ApiVersionsResponse> call = client.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                return call.IsCompleted;
            },
            "an answer");
        await call;
    }

    [Fact]
    public void Bind_AddressInUse_SaysWhich()
    {
        using var pool = new KBroker.Broker.Connections.Memory.FrameLeasePool(TimeProvider.System);
        var budget = new KBroker.Broker.Connections.Memory.RequestMemoryBudget(1);
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        var error = Assert.Throws<IOException>(() =>
            KBroker.Broker.Connections.Sockets.SocketListener.Bind(new ListenerOptions("PLAINTEXT", "127.0.0.1", port), pool, budget));
        Assert.Contains($"127.0.0.1:{port}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Table_TwoHandlersOfOneApi_Refused() =>
        Assert.Throws<ArgumentException>(() => HandlerTable.Create(
            [ScriptedHandler.EchoHeartbeat(), ScriptedHandler.EchoHeartbeat()], served => new ApiVersionsHandler(served, null, -1)));

    private sealed class FlakyListener : ITransportListener
    {
        private int _calls;

        public InMemoryListener Inner { get; } = new();

        public EndPoint EndPoint => Inner.EndPoint;

        public ValueTask<ITransportConnection?> AcceptAsync() =>
            ++_calls <= 3 ? throw new IOException("Too many open files") : Inner.AcceptAsync();

        public void Close() => Inner.Close();

        public ValueTask DisposeAsync() => Inner.DisposeAsync();
    }
}
