using KBroker.Broker.Connections;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;
using KBroker.TestKit;
using Microsoft.Win32.SafeHandles;

namespace KBroker.Broker.Tests.Connections;

public sealed class FileResponseTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"kbroker-{Guid.NewGuid():N}");
    private readonly byte[] _content = new byte[12 << 20];
    private readonly SafeFileHandle _file;
    private readonly List<Source> _sources = [];

    public FileResponseTests()
    {
        new Random(11).NextBytes(_content);
        File.WriteAllBytes(_path, _content);
        _file = File.OpenHandle(_path);
    }

    public void Dispose()
    {
        _file.Dispose();
        File.Delete(_path);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task Fetch_RangesOfAllSizes_ArriveAsTheyLieInTheFile(bool hasDescriptor, bool slowReader)
    {
        (int Position, int Length)[] ranges =
        [
            (0, 1), (5, 100), (1000, 65_535), (1, 65_536), (77, 200_000), (0, 0), (3, 9 << 20), (500, 60_000), (501, 60_000),
            (502, 60_000), (503, 60_000), (504, 60_000), (12 << 20, 0), ((12 << 20) - 10, 10),
        ];
        await using ServerFixture server = ServerFixture.Start([Fetch(ranges, hasDescriptor)]);
        await using RawClient client = await server.ConnectAsync(slowReader ? 4096 : 0);
        for (int round = 0; round < 2; round++)
        {
            FetchResponse response = await client.CallAsync<FetchResponse>(new FetchRequest(), 12);
            FetchResponse.PartitionData[] partitions = response.Responses[0].Partitions;
            for (int i = 0; i < ranges.Length; i++)
            {
                (int position, int length) = ranges[i];
                Assert.True(partitions[i].Records.Memory.Span.SequenceEqual(_content.AsSpan(position, length)), $"range {i}");
            }
        }

        await Eventually.TrueAsync(() => _sources.TrueForAll(source => source.Disposals == 1), "every source disposed once");
    }

    [Fact]
    public async Task Fetch_ClientGoneOrNotReading_ReleasesEverySource()
    {
        await using ServerFixture server = ServerFixture.Start([Fetch([(0, 12 << 20)], hasDescriptor: true)]);
        await using RawClient client = await server.ConnectAsync(4096);
        for (int i = 0; i < 10; i++) await client.SendAsync(new FetchRequest(), 12);
        await client.ReadSomeAsync(new byte[1000]);
        client.Reset();
        await Eventually.TrueAsync(() => server.Listener.ConnectionCount == 0, "the connection's end");
        Assert.All(_sources, source => Assert.Equal(1, source.Disposals));
    }

    [Fact]
    public async Task Fetch_WaitingWhenTheClientLeaves_ReleasesTheLateSource()
    {
        var late = new TaskCompletionSource<IApiMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        var handler = new ScriptedHandler(ApiKey.Fetch, _ => new(PendingResponse.Later(late.Task)));
        await using ServerFixture server = ServerFixture.Start([handler]);
        RawClient client = await server.ConnectAsync();
        await client.SendAsync(new FetchRequest(), 12);
        await Eventually.TrueAsync(() => server.Listener.ConnectionCount == 1, "the connection");
        await client.DisposeAsync();
        await Eventually.TrueAsync(() => server.Listener.ConnectionCount == 0, "the connection's end");
        late.SetResult(Response([(0, 1000)], hasDescriptor: true));
        await Eventually.TrueAsync(() => _sources.TrueForAll(source => source.Disposals == 1), "the source released");
    }

    [Fact]
    public async Task Fetch_FileShorterThanItsRange_EndsTheConnection()
    {
        await using ServerFixture server = ServerFixture.Start([Fetch([((12 << 20) - 100, 200_000)], hasDescriptor: true)]);
        await using RawClient client = await server.ConnectAsync();
        await client.SendAsync(new FetchRequest(), 12);
        Assert.Null(await client.ReceiveFrameAsync());
        await Eventually.TrueAsync(() => _sources.TrueForAll(source => source.Disposals == 1), "the source released");
    }

    [Fact]
    public async Task Fetch_SystemSendsNothingFromTheFile_GoesThroughMemory()
    {
        using SafeFileHandle blind = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write);
        var source = new Source(_file, 100, 300_000, hasDescriptor: true, blind);
        _sources.Add(source);
        var handler = new ScriptedHandler(ApiKey.Fetch, _ => new(PendingResponse.Ready(Response([source]))));
        await using ServerFixture server = ServerFixture.Start([handler]);
        await using RawClient client = await server.ConnectAsync();
        FetchResponse response = await client.CallAsync<FetchResponse>(new FetchRequest(), 12);
        Assert.True(response.Responses[0].Partitions[0].Records.Memory.Span.SequenceEqual(_content.AsSpan(100, 300_000)));
        await Eventually.TrueAsync(() => source.Disposals == 1, "the source released");
    }

    private ScriptedHandler Fetch((int, int)[] ranges, bool hasDescriptor) =>
        new(ApiKey.Fetch, _ => new(PendingResponse.Ready(Response(ranges, hasDescriptor))));

    private FetchResponse Response((int Position, int Length)[] ranges, bool hasDescriptor) =>
        Response([.. ranges.Select(range => NewSource(range.Position, range.Length, hasDescriptor))]);

    private static FetchResponse Response(Source[] sources) => new()
    {
        Responses =
        [
            new()
            {
                Topic = "t",
                Partitions = [.. sources.Select((source, i) => new FetchResponse.PartitionData
                {
                    PartitionIndex = i,
                    Records = new RecordsData(source),
                })],
            },
        ],
    };

    private Source NewSource(int position, int length, bool hasDescriptor)
    {
        var source = new Source(_file, position, length, hasDescriptor);
        _sources.Add(source);
        return source;
    }

    private sealed class Source(SafeFileHandle file, long position, int length, bool hasDescriptor, SafeFileHandle? sent = null) : IFileRecordsSource
    {
        private int _disposals;

        public int Disposals => Volatile.Read(ref _disposals);

        public int Length => length;

        public long Position => position;

        public SafeFileHandle? Handle => hasDescriptor ? sent ?? file : null;

        public int Read(Span<byte> destination, int offset)
        {
            ObjectDisposedException.ThrowIf(Disposals > 0, this);
            return RandomAccess.Read(file, destination, position + offset);
        }

        public void Dispose() => Interlocked.Increment(ref _disposals);
    }
}
