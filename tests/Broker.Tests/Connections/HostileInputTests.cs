using System.Text;
using KBroker.Broker.Connections;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Connections;

/// <summary>Whatever arrives, its connection is closed without reply, and others do not notice.</summary>
public sealed class HostileInputTests
{
    public static TheoryData<string, byte[]> Frames => new()
    {
        { "length -1", [0xFF, 0xFF, 0xFF, 0xFF] },
        { "length int.MinValue", [0x80, 0, 0, 0] },
        { "length 0", [0, 0, 0, 0] },
        { "length above socket.request.max.bytes", [0x06, 0x40, 0x00, 0x01] },
        { "HTTP", Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n") },
        { "TLS hello", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03] },
        { "a frame shorter than a header", [0, 0, 0, 3, 0, 18, 0] },
        { "a header that ends early", [0, 0, 0, 9, 0, 18, 0, 0, 0, 0, 0, 1, 0] },
        { "client id longer than the frame", [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0x7F, 0xFF] },
        { "unknown API 9999", [0, 0, 0, 10, 0x27, 0x0F, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF] },
        { "API -1", [0, 0, 0, 10, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF] },
        { "an API that is not served", [0, 0, 0, 10, 0, 0, 0, 3, 0, 0, 0, 1, 0xFF, 0xFF] },
        { "version too high", [0, 0, 0, 10, 0, 12, 0, 5, 0, 0, 0, 1, 0xFF, 0xFF] },
        { "version negative", [0, 0, 0, 10, 0, 12, 0xFF, 0xFF, 0, 0, 0, 1, 0xFF, 0xFF] },
        { "a byte after the request", [0, 0, 0, 11, 0, 18, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF, 0] },
        { "overlong tag count", [0, 0, 0, 16, 0, 18, 0, 3, 0, 0, 0, 1, 0xFF, 0xFF, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80] },
        { "software name of 4 GB", [0, 0, 0, 16, 0, 18, 0, 3, 0, 0, 0, 1, 0xFF, 0xFF, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F] },
    };

    [Theory]
    [MemberData(nameof(Frames))]
    public async Task Frame_NotARequest_ClosesWithoutReply(string what, byte[] bytes)
    {
        await using ServerFixture server = ServerFixture.Start([ScriptedHandler.EchoHeartbeat()]);
        await using RawClient other = await server.ConnectAsync();
        await using RawClient client = await server.ConnectAsync();
        await client.SendBytesAsync(bytes);
        Assert.True((await client.ReadToEndAsync()).Length == 0, what);
        await Eventually.TrueAsync(() => server.Listener.ConnectionCount == 1, "only the other connection left");
        await other.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        Assert.Equal(0, server.Budget.UsedBytes);
    }

    [Fact]
    public async Task Frame_OneMegabyteAfterTheRequest_Closes()
    {
        await using ServerFixture server = ServerFixture.Start([ScriptedHandler.EchoHeartbeat()]);
        await using RawClient client = await server.ConnectAsync();
        byte[] request = client.Encode(ScriptedHandler.Request(1), 3);
        await client.SendFrameAsync((byte[])[.. request.AsSpan(4), .. new byte[1 << 20]]);
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public async Task CorrelationId_IsEchoed(int correlationId)
    {
        await using ServerFixture server = ServerFixture.Start();
        await using RawClient client = await server.ConnectAsync();
        byte[] frame = client.Encode(new ApiVersionsRequest(), 0);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(8), correlationId);
        for (int i = 0; i < 2; i++)
        {
            await client.SendBytesAsync(frame);
            Assert.Equal(correlationId, (await client.ReceiveAsync<ApiVersionsResponse>(ApiKey.ApiVersions, 0)).CorrelationId);
        }
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(2, false)]
    [InlineData(20, true)]
    [InlineData(20, false)]
    [InlineData(500_000, true)]
    [InlineData(500_000, false)]
    public async Task Request_CutOff_IsNotDispatched(int sent, bool reset)
    {
        int dispatched = 0;
        await using ServerFixture server = ServerFixture.Start([ScriptedHandler.RawProduce(_ => dispatched++)]);
        RawClient client = await server.ConnectAsync();
        byte[] frame = RawProduce(1_000_000);
        await client.SendBytesAsync(frame.AsMemory(0, sent));
        await Eventually.TrueAsync(() => server.Listener.ConnectionCount == 1, "the connection");
        if (reset) client.Reset();
        else client.FinishSending();
        await Eventually.TrueAsync(() => server.Listener.ConnectionCount == 0, "the connection's end");
        Assert.Equal(0, dispatched);
        Assert.Equal(0, server.Budget.UsedBytes);
        await client.DisposeAsync();
    }

    [Fact]
    public async Task Noise_ManyConnections_EachIsClosedAndNoneIsLeft()
    {
        await using ServerFixture server = ServerFixture.Start([ScriptedHandler.EchoHeartbeat()]);
        var random = new Random(20260101);
        for (int i = 0; i < 300; i++)
        {
            await using RawClient client = await server.ConnectAsync();
            var noise = new byte[random.Next(1, 4097)];
            random.NextBytes(noise);

            // A small length now and then, so that the header is read too.
            if (noise.Length > 8 && i % 2 == 0) (noise[0], noise[1], noise[2]) = (0, 0, 0);
            await client.SendBytesAsync(noise);
            client.FinishSending();
            await client.ReadToEndAsync();
        }

        await Eventually.TrueAsync(() => server.Listener.ConnectionCount == 0, "no connection left");
        await using RawClient canary = await server.ConnectAsync();
        await canary.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
    }

    [Fact]
    public void Log_HostileBytes_OneShortLineASecond()
    {
        var logger = new ListLogger();
        var log = new ConnectionLog(logger, "PLAINTEXT", TimeProvider.System);
        var client = new ClientConnection("1", new ListenerOptions("PLAINTEXT", "", 0), null, default);
        for (int i = 0; i < 100; i++)
            log.Failed(client, new Protocol.Wire.MalformedMessageException("\u001b[31m\r\n" + new string('x', 5000)));
        string line = Assert.Single(logger.Lines);
        Assert.InRange(line.Length, 1, 1000);
        Assert.DoesNotContain(line, char.IsControl);
    }

    [Fact]
    public void Log_BugAmongHostileBytes_IsNotHidden()
    {
        var logger = new ListLogger();
        var log = new ConnectionLog(logger, "PLAINTEXT", TimeProvider.System);
        var client = new ClientConnection("1", new ListenerOptions("PLAINTEXT", "", 0), null, default);
        for (int i = 0; i < 100; i++) log.Failed(client, new Protocol.Wire.MalformedMessageException("x"));
        log.Failed(client, new InvalidOperationException("y"));
        Assert.Equal(2, logger.Lines.Count);
        Assert.Contains("unexpected error", logger.Lines[1], StringComparison.Ordinal);
    }

    private static byte[] RawProduce(int size)
    {
        var frame = new byte[4 + size];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame, size);
        frame[7] = 3; // Produce is API 0; version 3.
        frame[12] = frame[13] = 0xFF;
        return frame;
    }
}
