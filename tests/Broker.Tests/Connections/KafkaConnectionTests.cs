using System.Buffers.Binary;
using KBroker.Broker.Connections;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Connections;

public sealed class KafkaConnectionTests
{
    [Fact]
    public async Task Requests_CutAtEveryByte_AreAnswered()
    {
        await using ServerFixture server = ServerFixture.Start([ScriptedHandler.EchoHeartbeat()]);
        await using RawClient client = await server.ConnectAsync();
        int length = client.Encode(ScriptedHandler.Request(0), 4).Length;
        for (int cut = 1; cut < length; cut++)
        {
            byte[] frame = client.Encode(ScriptedHandler.Request(cut), 4);
            await client.SendBytesAsync(frame.AsMemory(0, cut));
            await client.SendBytesAsync(frame.AsMemory(cut));
            Assert.Equal(cut, (await client.ReceiveAsync<HeartbeatResponse>(ApiKey.Heartbeat, 4)).Response.ThrottleTimeMs);
        }
    }

    [Fact]
    public async Task Requests_ByteByByteOverPipes_AreAnswered()
    {
        await using InMemoryServer server = InMemoryServer.Start([ScriptedHandler.EchoHeartbeat()]);
        await using RawClient client = server.Transport.Connect();
        byte[] two = [.. client.Encode(ScriptedHandler.Request(7), 4), .. client.Encode(ScriptedHandler.Request(8), 0)];
        foreach (byte b in two) await client.SendBytesAsync(new[] { b });
        Assert.Equal(7, (await client.ReceiveAsync<HeartbeatResponse>(ApiKey.Heartbeat, 4)).Response.ThrottleTimeMs);
        Assert.Equal(2, (await client.ReceiveAsync<HeartbeatResponse>(ApiKey.Heartbeat, 0)).CorrelationId);
    }

    [Fact]
    public async Task Requests_Pipelined_AreAnsweredInOrderWhateverCompletesFirst()
    {
        var later = new TaskCompletionSource<IApiMessage>[8];
        for (int i = 0; i < later.Length; i++) later[i] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int taken = 0;
        ScriptedHandler handler = ScriptedHandler.Heartbeat((_, request) =>
        {
            Interlocked.Increment(ref taken);
            return new(request.GenerationId % 2 == 0
                ? PendingResponse.Ready(ScriptedHandler.Echo(request))
                : PendingResponse.Later(later[request.GenerationId].Task));
        });
        await using ServerFixture server = ServerFixture.Start([handler]);
        await using RawClient client = await server.ConnectAsync();
        byte[] all = [.. Enumerable.Range(0, 8).SelectMany(i => client.Encode(ScriptedHandler.Request(i), 3))];
        await client.SendBytesAsync(all);

        // All are dispatched although the second is not answered.
        await Eventually.TrueAsync(() => Volatile.Read(ref taken) == 8, "eight dispatched requests");
        for (int i = 7; i >= 0; i--) later[i].TrySetResult(ScriptedHandler.Echo(ScriptedHandler.Request(i)));
        for (int i = 0; i < 8; i++)
        {
            (int correlationId, HeartbeatResponse response) = await client.ReceiveAsync<HeartbeatResponse>(ApiKey.Heartbeat, 3);
            Assert.Equal((i + 1, i), (correlationId, response.ThrottleTimeMs));
        }
    }

    [Fact]
    public async Task Requests_MoreUnansweredThanTheQueueHolds_StopReading()
    {
        var gate = new TaskCompletionSource<IApiMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        int taken = 0;
        ScriptedHandler handler = ScriptedHandler.Heartbeat((_, _) =>
        {
            Interlocked.Increment(ref taken);
            return new(PendingResponse.Later(gate.Task));
        });
        var options = new ConnectionOptions { MaxQueuedResponses = 4 };
        await using ServerFixture server = ServerFixture.Start([handler], options);
        await using RawClient client = await server.ConnectAsync();
        for (int i = 0; i < 20; i++) await client.SendAsync(ScriptedHandler.Request(i), 3);
        await Eventually.TrueAsync(() => Volatile.Read(ref taken) == 4, "a full queue");
        await using RawClient other = await server.ConnectAsync();
        await other.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        Assert.Equal(4, Volatile.Read(ref taken));
        gate.SetResult(new HeartbeatResponse());
        for (int i = 1; i <= 20; i++)
            Assert.Equal(i, (await client.ReceiveAsync<HeartbeatResponse>(ApiKey.Heartbeat, 3)).CorrelationId);
    }

    [Fact]
    public async Task Produce_PipelinedByAClientThatNeverReads_StopsBeingRead()
    {
        // Each answer is larger than what the sockets hold, so that the first blocks.
        int taken = 0;
        var big = new DescribeGroupsResponse { Groups = [new() { ErrorMessage = null, ProtocolData = new string('x', 30_000) }] };
        big.Groups = [.. Enumerable.Repeat(big.Groups[0], 600)];
        var handler = new ScriptedHandler(ApiKey.DescribeGroups, _ =>
        {
            Interlocked.Increment(ref taken);
            return new(PendingResponse.Ready(big));
        });
        await using InMemoryServer server = InMemoryServer.Start([handler]);
        await using RawClient client = server.Transport.Connect(window: 1 << 20);
        for (int i = 0; i < 1000; i++) await client.SendAsync(new DescribeGroupsRequest(), 0);
        await Eventually.TrueAsync(() => Volatile.Read(ref taken) == 1, "the first request");
        await using RawClient other = server.Transport.Connect();
        await other.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        Assert.Equal(1, Volatile.Read(ref taken));

        // It is held up, not lost.
        for (int i = 1; i <= 3; i++)
        {
            byte[]? frame = await client.ReceiveFrameAsync();
            Assert.Equal(i, BinaryPrimitives.ReadInt32BigEndian(frame));
        }
    }

    [Fact]
    public async Task Response_None_LeavesNoGap()
    {
        ScriptedHandler handler = ScriptedHandler.Heartbeat((_, request) =>
            new(request.GenerationId == 0 ? PendingResponse.None : PendingResponse.Ready(ScriptedHandler.Echo(request))));
        await using ServerFixture server = ServerFixture.Start([handler]);
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync(ScriptedHandler.Request(0), 3);
        Assert.Equal(5, (await client.CallAsync<HeartbeatResponse>(ScriptedHandler.Request(5), 3)).ThrottleTimeMs);
    }

    [Fact]
    public async Task Response_Close_SendsWhatIsDueFirst()
    {
        var slow = new TaskCompletionSource<IApiMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        var closing = new TaskCompletionSource();
        ScriptedHandler handler = ScriptedHandler.Heartbeat((_, request) =>
        {
            if (request.GenerationId == 0) return new(PendingResponse.Later(slow.Task));
            closing.SetResult();
            return new(PendingResponse.Close);
        });
        await using ServerFixture server = ServerFixture.Start([handler]);
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync(ScriptedHandler.Request(0), 3);
        await client.SendAsync(ScriptedHandler.Request(1), 3);
        await closing.Task;
        slow.SetResult(new HeartbeatResponse());
        Assert.Equal(1, (await client.ReceiveAsync<HeartbeatResponse>(ApiKey.Heartbeat, 3)).CorrelationId);
        Assert.Null(await client.ReceiveFrameAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Handler_Throws_EndsThisConnectionOnly(bool later)
    {
        ScriptedHandler handler = ScriptedHandler.Heartbeat((_, _) => later
            ? new(PendingResponse.Later(Task.FromException<IApiMessage>(new InvalidOperationException("a bug"))))
            : throw new InvalidOperationException("a bug"));
        await using ServerFixture server = ServerFixture.Start([handler]);
        await using RawClient other = await server.ConnectAsync();
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync(ScriptedHandler.Request(0), 3);
        Assert.Null(await client.ReceiveFrameAsync());
        await other.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
    }

    [Fact]
    public async Task Client_Leaves_CancelsWhatHandlersWaitFor()
    {
        var cancelled = new TaskCompletionSource();
        ScriptedHandler handler = ScriptedHandler.Heartbeat((context, _) =>
        {
            context.Closed.UnsafeRegister(_ => cancelled.TrySetResult(), null);
            return new(PendingResponse.Later(new TaskCompletionSource<IApiMessage>().Task));
        });
        await using ServerFixture server = ServerFixture.Start([handler]);
        RawClient client = await server.ConnectAsync();
        await client.SendAsync(ScriptedHandler.Request(0), 3);
        await Eventually.TrueAsync(() => server.Listener.ConnectionCount == 1, "a connection");
        await client.DisposeAsync();
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await Eventually.TrueAsync(() => server.Listener.ConnectionCount == 0, "the connection's end");
        Assert.Equal(0, server.Quota.Total);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("ein langer Name, länger als der Platz, den eine Verbindung sich für einen Namen nimmt")]
    public async Task ClientId_ReachesTheHandler(string? clientId)
    {
        string? seen = "unset";
        ScriptedHandler handler = ScriptedHandler.Heartbeat((context, request) =>
        {
            seen = context.ClientId;
            return new(PendingResponse.Ready(ScriptedHandler.Echo(request)));
        });
        await using ServerFixture server = ServerFixture.Start([handler]);
        await using RawClient client = await server.ConnectAsync();
        client.ClientId = "before";
        await client.CallAsync<HeartbeatResponse>(ScriptedHandler.Request(0), 3);
        for (int i = 0; i < 2; i++)
        {
            client.ClientId = clientId;
            await client.CallAsync<HeartbeatResponse>(ScriptedHandler.Request(0), 3);
            Assert.Equal(clientId, seen);
        }
    }
}
