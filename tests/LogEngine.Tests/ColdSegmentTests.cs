using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

/// <summary>What the first use of a segment costs after a restart, and whom it stops.</summary>
public sealed class ColdSegmentTests
{
    private const int Batches = 200;
    private const string First = "/data/t-0/00000000000000000000";

    private readonly CountingFileSystem _files;
    private readonly InMemoryLogFileSystem _disk = new();

    public ColdSegmentTests() => _files = new CountingFileSystem(_disk);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Read_IndexIsMadeAnew_AppendsGoOnMeanwhile(bool truncate)
    {
        LogRig rig = Reopened(i => 1000 + i);
        _disk.WriteAll(First + ".timeindex", new byte[24]);
        bool stopped = false;
        bool told = false;
        long end = rig.Log.LogEndOffset;
        _files.BeforeRead = path =>
        {
            if (told || path != First + ".log") return;
            told = true;
            var other = new Thread(() =>
            {
                rig.Append(timestamp: 5000);
                if (truncate) rig.Log.TruncateTo(Batches / 2);
            });
            other.Start();
            stopped = !other.Join(TimeSpan.FromSeconds(5));
        };
        Assert.Equal(Batches / 4, rig.Log.FindOffsetByTimestamp(1000 + (Batches / 4))?.Offset);
        Assert.True(told);
        Assert.False(stopped);
        _files.BeforeRead = null;
        end = truncate ? Batches / 2 : end + 1;
        Assert.Equal(end, rig.Append(timestamp: 6000).FirstOffset);
        Assert.Equal(end, rig.Log.FindOffsetByTimestamp(truncate ? 1000 + (Batches / 2) : 5001)?.Offset);
        rig.ReopenClean();
        for (int i = 0; i < Batches / 2; i++) Assert.Equal(i, rig.Log.FindOffsetByTimestamp(1000 + i)?.Offset);
        Assert.Equal(end + 1, LogContents.Read(rig.Log)[^1].First + 1);
    }

    [Fact]
    public void Read_ManyFindTheSameIndexDamaged_AllAreAnswered()
    {
        LogRig rig = Reopened(i => 1000 + i);
        _disk.WriteAll(First + ".timeindex", new byte[24]);
        using var both = new Barrier(4);
        long?[] found = new long?[4];
        Thread[] readers = [.. Enumerable.Range(0, 4).Select(i => new Thread(() =>
        {
            both.SignalAndWait();
            found[i] = rig.Log.FindOffsetByTimestamp(1000 + i)?.Offset;
        }))];
        foreach (Thread reader in readers) reader.Start();
        foreach (Thread reader in readers) reader.Join();
        Assert.Equal([0, 1, 2, 3], found);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Batches / 2)]
    [InlineData(Batches - 1)]
    public void LargestTimestamp_FirstUseAfterARestart_ReadsTheIndexAndNotAllBatches(int at)
    {
        LogRig rig = Reopened(i => i == at ? 9000 : 1000 + i);
        int reads = 0;
        _files.BeforeRead = path => reads += path == First + ".log" ? 1 : 0;
        Assert.Equal(9000, rig.Log.SegmentStarts()[0].LargestTimestamp);
        Assert.InRange(reads, 1, 12);
    }

    [Fact]
    public void LargestTimestamp_TimeIndexOfRisingTimesLostItsEnd_IsFoundAllTheSame()
    {
        for (int entries = 1; entries < Batches / 4; entries += 7)
        {
            LogRig rig = Reopened(i => 1000 + i);
            byte[] bytes = _disk.ReadAll(First + ".timeindex");
            _disk.WriteAll(First + ".timeindex", bytes.AsSpan(0, entries * 12));
            Assert.Equal(1000 + Batches - 1, rig.Log.SegmentStarts()[0].LargestTimestamp);
            rig.Log.Abandon(LogState.Failed);
            _disk.DeleteDirectory("/data/t-0");
        }
    }

    // One segment of batches that are 6 KB each, and an active one behind it.
    private LogRig Reopened(Func<int, long> timestampOf)
    {
        var rig = new LogRig(LogConfig.Default, _files);
        for (int i = 0; i < Batches; i++) rig.Append(valueSize: 6000, timestamp: timestampOf(i));
        rig.Log.Roll();
        rig.Append(timestamp: 1);
        rig.ReopenClean();
        return rig;
    }
}
