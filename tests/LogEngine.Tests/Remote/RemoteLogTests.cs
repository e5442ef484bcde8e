using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Remote;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests.Remote;

/// <summary>A log whose front lies in a remote store, which the tests keep in memory.</summary>
public sealed class RemoteLogTests
{
    private static readonly TopicPartition Partition = new("t", 0);

    private static readonly LogConfig Config = LogConfig.Default with
    {
        RemoteStorage = true,
        RetentionMs = -1,
        LocalRetentionMs = 1000,
        SegmentMs = long.MaxValue,
        FileDeleteDelayMs = 0,
    };

    private readonly InMemoryLogFileSystem _disk = new();
    private readonly ManualTime _time = new();
    private readonly MemoryStore _store = new();

    [Fact]
    public async Task RunRetention_StoreHoldsSegments_TheyGoFromThisDiskAndAreReadOnFromTheStore()
    {
        using LogDirectory directory = Open();
        PartitionLog log = Fill(directory, segments: 5);
        byte[][] before = await ReadAllAsync(log);
        await CopyAsync(log, to: 9);

        RunRetention(directory);

        Assert.Equal((0, 9, 15, 9), (log.LogStartOffset, log.LocalLogStartOffset, log.LogEndOffset, log.RemoteEndOffset));
        Assert.Equal(3, log.SegmentCount);
        Assert.Equal(LogReadStatus.OnlyRemote, log.Read(0, 1, true, long.MaxValue).Status);
        Assert.Equal(LogReadStatus.OnlyRemote, log.Read(8, 1, true, long.MaxValue).Status);
        Assert.Equal(LogReadStatus.Ok, log.Read(9, 1, true, long.MaxValue).Status);
        Assert.Equal(before, await ReadAllAsync(log));
    }

    [Fact]
    public void RunRetention_StoreHoldsNothing_NothingGoes()
    {
        using LogDirectory directory = Open();
        PartitionLog log = Fill(directory, segments: 3);
        RunRetention(directory);
        Assert.Equal((0, 0, 4), (log.LogStartOffset, log.LocalLogStartOffset, log.SegmentCount));
    }

    [Fact]
    public async Task AdvanceLogStartOffset_IntoWhatIsOnlyRemote_AndBeyond()
    {
        using LogDirectory directory = Open();
        PartitionLog log = Fill(directory, segments: 5);
        await CopyAsync(log, to: 9);
        RunRetention(directory);

        log.DeleteBefore(4);
        Assert.Equal((4, 9), (log.LogStartOffset, log.LocalLogStartOffset));
        Assert.Equal(LogReadStatus.OffsetOutOfRange, log.Read(3, 1, true, long.MaxValue).Status);
        Assert.Equal(LogReadStatus.OnlyRemote, log.Read(4, 1, true, long.MaxValue).Status);

        log.DeleteBefore(13);
        Assert.Equal((13, 13, 2), (log.LogStartOffset, log.LocalLogStartOffset, log.SegmentCount));
        Assert.Equal(LogReadStatus.OffsetOutOfRange, log.Read(12, 1, true, long.MaxValue).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Open_AfterRetention_LogStillStartsInTheStore(bool orderly)
    {
        LogDirectory directory = Open();
        PartitionLog log = Fill(directory, segments: 5);
        log.DeleteBefore(1);
        await CopyAsync(log, to: 9);
        RunRetention(directory);
        byte[][] before = await ReadAllAsync(log);
        if (orderly) directory.Close(1);
        else directory.Checkpoint();
        directory.Dispose();

        using LogDirectory again = Open();
        log = again.Find(Partition)!;
        Assert.Equal((1, 9, 15), (log.LogStartOffset, log.LocalLogStartOffset, log.LogEndOffset));
        Assert.Equal(before, await ReadAllAsync(log));
    }

    [Fact]
    public async Task TruncateTo_BelowWhatThisDiskHolds_KeepsWhatIsOnlyRemote()
    {
        using LogDirectory directory = Open();
        PartitionLog log = Fill(directory, segments: 5);
        await CopyAsync(log, to: 9);
        RunRetention(directory);

        Assert.True(log.TruncateTo(6));

        Assert.Equal((0, 6, 6, 6), (log.LogStartOffset, log.LocalLogStartOffset, log.LogEndOffset, log.RemoteEndOffset));
        Assert.Equal(6, Append(log).FirstOffset);
        Assert.Equal(LogReadStatus.OnlyRemote, log.Read(5, 1, true, long.MaxValue).Status);
        Assert.Equal(LogReadStatus.Ok, log.Read(6, 1, true, long.MaxValue).Status);

        log.TruncateFullyAndStartAt(2);
        Assert.Equal((2, 2, 2, 0), (log.LogStartOffset, log.LocalLogStartOffset, log.LogEndOffset, log.RemoteEndOffset));
    }

    [Fact]
    public void AdvanceRemoteEndOffset_BeyondTheCommittedEnd_IsNotBelieved()
    {
        using LogDirectory directory = Open();
        PartitionLog log = directory.Create(Partition, Guid.Empty, Config);
        Append(log);
        log.AdvanceRemoteEndOffset(3);
        Assert.Equal(0, log.RemoteEndOffset);
    }

    private PartitionLog Fill(LogDirectory directory, int segments)
    {
        PartitionLog log = directory.Create(Partition, Guid.Empty, Config);
        for (int i = 0; i < segments; i++)
        {
            Append(log);
            log.Roll();
        }

        log.AdvanceCommittedEnd(log.LogEndOffset);
        log.Flush();
        return log;
    }

    private LogAppendResult Append(PartitionLog log) =>
        log.AppendAsLeader(Batches.Make(3, timestamp: _time.GetUtcNow().ToUnixTimeMilliseconds()), new LeaderEpoch(1));

    private void RunRetention(LogDirectory directory)
    {
        _time.Advance(TimeSpan.FromSeconds(10));
        directory.RunRetention(_time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private async Task CopyAsync(PartitionLog log, long to)
    {
        for (long offset = log.LogStartOffset / 3 * 3; offset < to; offset += 3) _store.Batches[offset] = (await ReadAsync(log, Math.Max(offset, log.LogStartOffset)))!;
        log.AdvanceRemoteEndOffset(to);
    }

    private async Task<byte[][]> ReadAllAsync(PartitionLog log)
    {
        var all = new List<byte[]>();
        for (long offset = log.LogStartOffset; offset < log.LogEndOffset; offset = (offset / 3 * 3) + 3) all.Add((await ReadAsync(log, offset))!);
        return [.. all];
    }

    private async Task<byte[]?> ReadAsync(PartitionLog log, long offset)
    {
        LogReadResult read = log.Read(offset, 1, true, long.MaxValue);
        return read.Status == LogReadStatus.OnlyRemote
            ? (await _store.ReadAsync(Partition, log.TopicId, offset, 1, CancellationToken.None)).ToArray()
            : LogRig.Bytes(read.Slice);
    }

    private LogDirectory Open() => LogDirectory.Open(
        new LogDirectoryOptions { Path = "/data", BrokerId = new BrokerId(1), ClusterId = "c1", ConfigFor = _ => Config },
        _disk, _time, new Random(1), NullLogger.Instance);

    /// <summary>Batches of three records by their first offset.</summary>
    private sealed class MemoryStore : IRemoteLogReader
    {
        public Dictionary<long, byte[]> Batches { get; } = [];

        public ValueTask<ReadOnlyMemory<byte>> ReadAsync(TopicPartition partition, Guid topicId, long offset, int maxBytes, CancellationToken cancellationToken) =>
            ValueTask.FromResult(Batches.TryGetValue(offset / 3 * 3, out byte[]? batch) ? batch.AsMemory() : default(ReadOnlyMemory<byte>));
    }
}
