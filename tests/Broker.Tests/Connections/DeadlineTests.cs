using KBroker.Broker.Connections;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Connections;

public sealed class DeadlineTests
{
    private static readonly ConnectionOptions Options = new();

    [Theory]
    [InlineData(3)]
    [InlineData(20)]
    public async Task Request_StopsHalfway_ClosedAfterTheReadTimeout(int sent)
    {
        var time = new ManualTimeProvider();
        await using InMemoryServer server = InMemoryServer.Start([ScriptedHandler.EchoHeartbeat()], time: time);
        InMemoryConnection connection = server.Transport.Open();
        await using RawClient client = RawClient.Over(connection.ClientStream);
        await client.SendBytesAsync(client.Encode(ScriptedHandler.Request(1), 3).AsMemory(0, sent));
        await Eventually.TrueAsync(() => connection.BytesReceived == sent, "the bytes");
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(1, server.Listener.ConnectionCount);
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Null(await client.ReceiveFrameAsync());
        await Eventually.TrueAsync(() => server.Listener.ConnectionCount == 0, "the connection's end");
    }

    [Fact]
    public async Task Request_Trickles_ClosedThoughItMoves()
    {
        var time = new ManualTimeProvider();
        await using InMemoryServer server = InMemoryServer.Start([ScriptedHandler.EchoHeartbeat()], time: time);
        InMemoryConnection connection = server.Transport.Open();
        await using RawClient client = RawClient.Over(connection.ClientStream);
        await client.SendBytesAsync(new byte[] { 0, 1, 0, 0 });
        // Until it is closed, not for the deadline's length: the looks are another thread's, and time that passes before the first does not count.
        int sent = 4;
        await Eventually.TrueAsync(
            async () =>
            {
                if (server.Listener.ConnectionCount == 0) return true;
                if (connection.BytesReceived < sent) return false;
                // The connection may be on its way down.
                if (await Record.ExceptionAsync(() => client.SendBytesAsync(new byte[] { 0 })) is not (null or IOException)) return false;
                sent++;
                time.Advance(TimeSpan.FromSeconds(1));
                return false;
            },
            "the connection's end");
    }

    [Fact]
    public async Task Connection_Silent_ClosedAfterTheIdleTimeout()
    {
        var time = new ManualTimeProvider();
        await using InMemoryServer server = InMemoryServer.Start(time: time);
        await using RawClient client = server.Transport.Connect();
        await client.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        time.Advance(TimeSpan.FromMinutes(9));
        await client.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(1, server.Listener.ConnectionCount);
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Null(await client.ReceiveFrameAsync());
    }

    [Fact]
    public async Task Connection_WaitingForTheBroker_IsNotIdle()
    {
        var time = new ManualTimeProvider();
        var answer = new TaskCompletionSource<IApiMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        var taken = new TaskCompletionSource();
        ScriptedHandler handler = ScriptedHandler.Heartbeat((_, _) =>
        {
            taken.SetResult();
            return new(PendingResponse.Later(answer.Task));
        });
        await using InMemoryServer server = InMemoryServer.Start([handler], time: time);
        await using RawClient client = server.Transport.Connect();
        await client.SendAsync(ScriptedHandler.Request(0), 3);
        await taken.Task;
        time.Advance(TimeSpan.FromMinutes(30));
        answer.SetResult(new HeartbeatResponse());
        Assert.NotNull(await client.ReceiveFrameAsync());
    }

    [Fact]
    public async Task Response_NotRead_ClosedAfterTheWriteTimeout()
    {
        var time = new ManualTimeProvider();
        await using InMemoryServer server = InMemoryServer.Start([ScriptedHandler.EchoHeartbeat()], time: time);
        InMemoryConnection connection = server.Transport.Open(window: 8);
        await using RawClient client = RawClient.Over(connection.ClientStream);
        _ = client.SendAsync(ScriptedHandler.Request(0), 3);
        await Eventually.TrueAsync(() => server.Listener.ConnectionCount == 1, "the connection");
        DateTimeOffset start = time.GetUtcNow();
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return server.Listener.ConnectionCount == 0;
            },
            "the connection's end");
        Assert.True(time.GetUtcNow() - start >= Options.WriteTimeout);
    }
}
