using System.Buffers.Binary;
using System.Text;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Hostile;

/// <summary>Frames that are no requests, to a whole broker: the connection closes without a reply, and nothing is stored.</summary>
[Collection(MemoryCollection.Name)]
public sealed class HostileFrameTests(HostileBroker broker) : IClassFixture<HostileBroker>
{
    private const short ProduceVersion = 7;
    private const short FlexibleProduceVersion = 9;

    // Of a Produce request of version 7 without client id: what stands before the transactional id's length.
    private const int HeaderSize = 2 + 2 + 4 + 2;

    private static readonly Dictionary<string, Func<byte[]>> Frames = new()
    {
        ["length -1"] = () => [0xFF, 0xFF, 0xFF, 0xFF],
        ["length int.MinValue"] = () => [0x80, 0, 0, 0],
        ["length 0"] = () => [0, 0, 0, 0],
        ["length 104857601"] = () => [0x06, 0x40, 0x00, 0x01],
        ["HTTP"] = () => Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        ["TLS hello"] = () => [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03],
        ["API 9999"] = () => Frame([0x27, 0x0F, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF]),
        ["API -1"] = () => Frame([0xFF, 0xFF, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF]),
        ["LeaderAndIsr, between brokers only"] = () => Frame([0, 4, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF]),
        ["AlterPartition, between brokers only"] = () => Frame([0, 56, 0, 2, 0, 0, 0, 1, 0xFF, 0xFF]),
        ["Metadata version 99"] = () => Frame([0, 3, 0, 99, 0, 0, 0, 1, 0xFF, 0xFF]),
        ["Metadata version -1"] = () => Frame([0, 3, 0xFF, 0xFF, 0, 0, 0, 1, 0xFF, 0xFF]),
        ["Produce version 2"] = () => Frame([0, 0, 0, 2, 0, 0, 0, 1, 0xFF, 0xFF]),
        ["array count int.MaxValue"] = () => Metadata([0x7F, 0xFF, 0xFF, 0xFF]),
        ["array count -2"] = () => Metadata([0xFF, 0xFF, 0xFF, 0xFE]),
        ["array count one above what fits"] = () => Metadata([0, 0, 0, 2, 0, 1, 0x61]),
        ["compact count 0xFFFFFFFF"] = () => FlexibleMetadata([0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
        ["compact count of 11 bytes"] = () => FlexibleMetadata([.. Enumerable.Repeat((byte)0x80, 11)]),
        ["string longer than the frame"] = () => Metadata([0, 0, 0, 1, 0x7F, 0xFF, 0x61]),
        ["string null where it may not be"] = () => Metadata([0, 0, 0, 1, 0xFF, 0xFF]),
        ["string length -2"] = () => Metadata([0, 0, 0, 1, 0xFF, 0xFE]),
        ["tagged fields 4 billion"] = () => FlexibleMetadata([1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
        ["Produce: topic count int.MaxValue"] = () => Produce(bytes => WriteInt32(bytes, HeaderSize + 8, int.MaxValue)),
        ["Produce: topic count -2"] = () => Produce(bytes => WriteInt32(bytes, HeaderSize + 8, -2)),
        ["Produce: records length above the rest"] = () => Produce(bytes => WriteInt32(bytes, RecordsLengthAt, bytes.Length)),
        ["Produce: records length int.MaxValue"] = () => Produce(bytes => WriteInt32(bytes, RecordsLengthAt, int.MaxValue)),
        ["Produce: records length -2"] = () => Produce(bytes => WriteInt32(bytes, RecordsLengthAt, -2)),
        ["Produce: a byte after the request"] = () => Frame([.. ProduceBody(ProduceVersion), 0]),
        ["Produce: 1 MB after the request"] = () => Frame([.. ProduceBody(ProduceVersion), .. new byte[1 << 20]]),
        ["Produce: flexible, a byte after the request"] = () => Frame([.. ProduceBody(FlexibleProduceVersion), 0]),
        ["Produce: flexible body in an old version"] = () => Frame([0, 0, 0, 7, .. ProduceBody(FlexibleProduceVersion).AsSpan(4)]),
    };

    public static TheoryData<string> Cases => [.. Frames.Keys];

    // Acks, timeout, count of topics, name with length, count of partitions, index.
    private static int RecordsLengthAt => HeaderSize + 2 + 2 + 4 + 4 + 2 + HostileBroker.Target.Length + 4 + 4;

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Frame_NoRequest_ClosesAndStoresNothing(string what)
    {
        long end = await broker.EndOffsetAsync(HostileBroker.Target);
        await using RawClient client = await broker.ConnectAsync();
        try
        {
            await client.SendBytesAsync(Frames[what]());
        }
        catch (IOException)
        {
            // Closed while this side still wrote.
        }

        Assert.True((await client.ReadToEndAsync()).Length == 0, what);
        await broker.AssertUnharmedAsync();
        Assert.Equal(end, await broker.EndOffsetAsync(HostileBroker.Target));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(30, false)]
    [InlineData(30, true)]
    [InlineData(-1, false)]
    [InlineData(-1, true)]
    public async Task Request_CutOff_StoresNothing(int sent, bool reset)
    {
        long end = await broker.EndOffsetAsync(HostileBroker.Target);
        await using RawClient client = await broker.ConnectAsync();
        byte[] frame = Produce(_ => { });
        await client.SendBytesAsync(frame.AsMemory(0, sent < 0 ? frame.Length + sent : sent));
        if (reset) client.Reset();
        else client.FinishSending();
        if (!reset) Assert.Empty(await client.ReadToEndAsync());
        await broker.AssertUnharmedAsync();
        Assert.Equal(end, await broker.EndOffsetAsync(HostileBroker.Target));
    }

    [Fact]
    public async Task ApiVersions_OfTheFuture_IsAnsweredInVersion0()
    {
        await using RawClient client = await broker.ConnectAsync();
        await client.SendFrameAsync(new byte[] { 0, 18, 0, 99, 0, 0, 0, 7, 0xFF, 0xFF, 0xAB, 0xCD });
        (int correlationId, ApiVersionsResponse response) = await client.ReceiveAsync<ApiVersionsResponse>(ApiKey.ApiVersions, 0);
        Assert.Equal((7, ErrorCode.UnsupportedVersion), (correlationId, response.ErrorCode));
        ApiVersionsResponse.ApiVersion range = Assert.Single(response.ApiKeys);
        Assert.Equal(((short)ApiKey.ApiVersions, (short)0), (range.ApiKey, range.MinVersion));
        await client.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest { ClientSoftwareName = "x", ClientSoftwareVersion = "1" }, range.MaxVersion);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(int.MinValue)]
    public async Task CorrelationId_Repeated_IsEchoedInOrder(int correlationId)
    {
        await using RawClient client = await broker.ConnectAsync();
        byte[] metadata = client.Encode(new MetadataRequest { Topics = [] }, 1);
        byte[] produce = client.Encode(HostileBroker.ProduceRequest(HostileBroker.Target, HostileBatch.Valid()), ProduceVersion);
        WriteInt32(metadata, 8, correlationId);
        WriteInt32(produce, 8, correlationId);
        await client.SendBytesAsync((byte[])[.. metadata, .. produce, .. metadata]);
        Assert.Equal(correlationId, (await client.ReceiveAsync<MetadataResponse>(ApiKey.Metadata, 1)).CorrelationId);
        Assert.Equal(correlationId, (await client.ReceiveAsync<ProduceResponse>(ApiKey.Produce, ProduceVersion)).CorrelationId);
        Assert.Equal(correlationId, (await client.ReceiveAsync<MetadataResponse>(ApiKey.Metadata, 1)).CorrelationId);
    }

    [Fact]
    public async Task ValidRequestBeforeAMalformedOne_IsAnsweredOrNot_ButWholly()
    {
        long end = await broker.EndOffsetAsync(HostileBroker.Target);
        await using RawClient client = await broker.ConnectAsync();
        await client.SendBytesAsync((byte[])[.. Produce(_ => { }), .. Produce(bytes => WriteInt32(bytes, RecordsLengthAt, int.MaxValue))]);
        await client.ReadToEndAsync();
        await broker.AssertUnharmedAsync();
        Assert.Equal(end + 1, await broker.EndOffsetAsync(HostileBroker.Target));
    }

    [Fact]
    public async Task Noise_OnManyConnections_StoresNothing()
    {
        long end = await broker.EndOffsetAsync(HostileBroker.Target);
        var random = new Random(8);
        for (int i = 0; i < 200; i++)
        {
            await using RawClient client = await broker.ConnectAsync();
            var noise = new byte[random.Next(12, 2000)];
            random.NextBytes(noise);
            // Half of them as a frame of an API that is served, so that handlers read the noise.
            if (i % 2 == 0)
            {
                WriteInt32(noise, 0, noise.Length - 4);
                noise.AsSpan(4, 4).Clear();
                noise[5] = (byte)random.Next(80);
                noise[7] = (byte)random.Next(14);
            }

            await client.SendBytesAsync(noise);
            client.FinishSending();
            await client.ReadToEndAsync();
        }

        await broker.AssertUnharmedAsync();
        Assert.Equal(end, await broker.EndOffsetAsync(HostileBroker.Target));
    }

    [Fact]
    public async Task Produces_PipelinedWithoutReading_AreHeldBackAndStoredInOrder()
    {
        const int requests = 200;
        byte[] value = HostileBatch.Valid(valueSize: 900_000);
        long end = await broker.EndOffsetAsync(HostileBroker.Target);
        await using RawClient client = await broker.ConnectAsync();
        byte[] frame = client.Encode(HostileBroker.ProduceRequest(HostileBroker.Target, value), FlexibleProduceVersion);
        long before = Environment.WorkingSet;
        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < requests; i++) await client.SendBytesAsync(frame);
        });
        await sending;
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 128 << 20);
        for (int i = 0; i < requests; i++)
        {
            ProduceResponse response = (await client.ReceiveAsync<ProduceResponse>(ApiKey.Produce, FlexibleProduceVersion)).Response;
            Assert.Equal(end + i, response.Responses.Single().PartitionResponses.Single().BaseOffset);
        }

        await broker.AssertUnharmedAsync();
    }

    [Fact]
    public async Task LargeLengthThenSilence_OnManyConnections_TakesNoMemory()
    {
        var clients = new List<RawClient>();
        long before = Environment.WorkingSet;
        for (int i = 0; i < 50; i++)
        {
            RawClient client = await broker.ConnectAsync();
            clients.Add(client);
            await client.SendBytesAsync(new byte[] { 0x06, 0x40, 0, 0, 0, 0, 0, 9 });
        }

        await broker.AssertUnharmedAsync();
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 64 << 20);
        foreach (RawClient client in clients) await client.DisposeAsync();
    }

    private static byte[] Frame(ReadOnlySpan<byte> body)
    {
        var frame = new byte[4 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, body.Length);
        body.CopyTo(frame.AsSpan(4));
        return frame;
    }

    private static byte[] Metadata(ReadOnlySpan<byte> body) => Frame([0, 3, 0, 1, 0, 0, 0, 1, 0xFF, 0xFF, .. body]);

    private static byte[] FlexibleMetadata(ReadOnlySpan<byte> body) => Frame([0, 3, 0, 9, 0, 0, 0, 1, 0xFF, 0xFF, 0, .. body]);

    private static byte[] ProduceBody(short version) =>
        RequestFrame.Write(HostileBroker.ProduceRequest(HostileBroker.Target, HostileBatch.Valid()), version, 1, null)[4..];

    private static byte[] Produce(Action<byte[]> damage)
    {
        byte[] body = ProduceBody(ProduceVersion);
        damage(body);
        return Frame(body);
    }

    private static void WriteInt32(byte[] bytes, int offset, int value) => BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(offset), value);
}
