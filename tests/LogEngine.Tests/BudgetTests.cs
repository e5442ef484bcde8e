using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Tests;

public class BudgetTests
{
    private const int Readers = 4;
    private const int SlicesHeld = 3;
    private const int Unflushed = 8;
    private const int MaxOpen = 48;

    private readonly CountingFileSystem _files = new(new InMemoryLogFileSystem());

    [Fact]
    public async Task Segments_TenThousandUsedByManyThreads_KeepOpenFilesWithinBudgetAndReadRight()
    {
        const int segments = 10_000;
        LogRig rig = Rig(new StorageBudget(MaxOpen, 1 << 20));
        Fill(rig, segments);
        _files.ForgetCounts();
        rig.ReopenClean();
        Assert.InRange(_files.Opens, 1, 64);

        _files.ForgetCounts();
        await RunTogether([
            () => Grow(rig, 100),
            () => Shrink(rig, step: 5, times: 8),
            .. Enumerable.Range(1, Readers).Select(seed => (Action)(() => ReadAtRandom(rig, new Random(seed), 3000)))]);

        // Each thread may have one in use beside what it holds, and a flush all that it flushes.
        Assert.InRange(_files.MostLogs, MaxOpen / 2, MaxOpen + (Readers * (SlicesHeld + 1)) + (2 * Unflushed) + 4);
        rig.Log.Flush();
        Assert.InRange(_files.OpenLogs, 1, MaxOpen + 1);
        Assert.Equal(_files.OpenLogs, rig.Budget.OpenFiles);
        rig.Log.Close();
        Assert.Equal(0, _files.OpenLogs);
        Assert.Equal(0, rig.Budget.OpenFiles);
        Assert.Equal(0, rig.Budget.IndexBytes);
    }

    [Fact]
    public async Task Indexes_BudgetSmallerThanOne_AreReadAgainAndStayRight()
    {
        LogRig rig = Rig(new StorageBudget(4, 100), interval: 1);
        for (int segment = 0; segment < 30; segment++)
        {
            for (int i = 0; i < 40; i++) Append(rig);
            rig.Log.Roll();
        }

        rig.Log.Flush();
        await RunTogether([
            () => Grow(rig, 100),
            () => TruncateAndGrow(rig, 50),
            () => FindTimes(rig, new Random(7), 500),
            () => ReadAtRandom(rig, new Random(8), 2000, below: 1200),
            () => ReadAtRandom(rig, new Random(9), 2000, below: 1200)]);
        Assert.InRange(rig.Budget.IndexBytes, 0, 100);
    }

    [Fact]
    public void Slice_DiskDoesNotGiveBackWhatItHolds_LogAndDirectoryFail()
    {
        var rig = new LogRig();
        rig.Append(3);
        LogSlice slice = rig.Log.Read(0, int.MaxValue, true, long.MaxValue).Slice!;
        rig.Disk.Faults.Add(new DiskFault("read", 5));
        Assert.Throws<StorageException>(() => slice.CopyTo(new byte[slice.Length]));
        Assert.Equal(5, Assert.Single(rig.Failures).Errno);
        Assert.False(rig.Log.IsOpen);
        slice.Dispose();
    }

    [Fact]
    public void Slice_LogIsClosed_ItsFailureIsNotTheDirectorys()
    {
        var rig = new LogRig();
        rig.Append(3);
        LogSlice slice = rig.Log.Read(0, int.MaxValue, true, long.MaxValue).Slice!;
        rig.Log.Abandon(LogState.Deleted);
        rig.Disk.Faults.Add(new DiskFault("read", 5));
        Assert.Throws<StorageException>(() => slice.CopyTo(new byte[slice.Length]));
        Assert.Empty(rig.Failures);
        slice.Dispose();
    }

    [Fact]
    public void Slice_FileOverBudget_StaysReadableAndItsFileClosesAfterIt()
    {
        LogRig rig = Rig(new StorageBudget(1, 1 << 20));
        Fill(rig, 6);
        LogSlice[] slices = [.. Enumerable.Range(0, 5).Select(offset => rig.Log.Read(offset, 1 << 20, true, long.MaxValue).Slice!)];
        Assert.InRange(_files.OpenLogs, 5, 6);
        for (int i = 0; i < slices.Length; i++) Check(LogRig.Bytes(slices[i])!, i);
        Assert.InRange(_files.OpenLogs, 0, 1);
    }

    [Fact]
    public void Slice_SegmentDeletedAndFilesOverBudget_StaysReadableAndItsFileClosesAfterIt()
    {
        LogRig rig = Rig(new StorageBudget(1, 1 << 20));
        Fill(rig, 6);
        LogSlice[] slices = [.. Enumerable.Range(0, 4).Select(offset => rig.Log.Read(offset, 1 << 20, true, long.MaxValue).Slice!)];
        rig.Log.DeleteBefore(3);
        Check(rig.Read(4, 10)!, 4);
        for (int i = 0; i < slices.Length; i++) Check(LogRig.Bytes(slices[i])!, i);
        Assert.InRange(_files.OpenLogs, 0, 1);
        Assert.Equal(_files.OpenLogs, rig.Budget.OpenFiles);
    }

    [Fact]
    public void Acquire_SegmentLetGoFirst_FileStaysOpenUntilTheLastReference()
    {
        var budget = new ClockBudget(1);
        _files.CreateDirectory("/d");
        SegmentFile file = SegmentFile.Create(_files, "/d/a.log", budget);
        Assert.True(file.TryAcquire(out ILogFile first));
        Assert.True(file.TryAcquire(out ILogFile second));
        Assert.Same(first, second);
        file.Retire();
        file.Retire();
        SegmentFile other = SegmentFile.Create(_files, "/d/b.log", budget);
        file.Release();
        Assert.False(budget.TryEvictOne() && budget.TryEvictOne());
        Assert.Equal(0, second.Read(new byte[1], 0));
        file.Release();
        Assert.False(file.TryAcquire(out _));
        other.Retire();
        Assert.Equal((0, 0), (_files.OpenLogs, budget.Held));
    }

    [Fact]
    public void UnflushedSegment_BudgetExceeded_StaysOpenUntilItIsFlushed()
    {
        LogRig rig = Rig(new StorageBudget(1, 1 << 20));
        Fill(rig, 3);
        Append(rig);
        rig.Log.Roll();
        Append(rig);
        for (int offset = 0; offset < 3; offset++) Check(rig.Read(offset, 10)!, offset);
        Assert.Equal(2, _files.OpenLogs);
        rig.Log.Flush();
        Assert.Equal(1, _files.OpenLogs);
    }

    [Fact]
    public void OpenFails_NoHandlesLeft_ClosesAnIdleOneAndGoesOn()
    {
        LogRig rig = Rig(new StorageBudget(100, 1 << 20));
        Fill(rig, 20);
        for (int offset = 0; offset < 10; offset++) Check(rig.Read(offset, 10)!, offset);
        int most = _files.OpenLogs;
        _files.BeforeOpen = path =>
        {
            if (_files.OpenLogs >= most) throw new StorageException("open", path, 24);
        };
        for (int offset = 10; offset < 20; offset++) Check(rig.Read(offset, 10)!, offset);
        Assert.InRange(_files.OpenLogs, 1, most);
    }

    [Fact]
    public void ColdSegment_FileGone_ReadFailsAndNamesIt()
    {
        LogRig rig = Rig(new StorageBudget(1, 1 << 20));
        Fill(rig, 5);
        string path = Path.Combine(rig.Path, "00000000000000000002.log");
        _files.DeleteFile(path);
        StorageException failure = Assert.Throws<StorageException>(() => rig.Read(2));
        Assert.Equal(path, failure.Path);
        Check(rig.Read(1, 10)!, 1);
    }

    [Fact]
    public void IdleActiveSegment_Indexes_HoldNoMemory()
    {
        LogRig rig = Rig(StorageBudget.Unbounded());
        Fill(rig, 1);
        rig.ReopenClean();
        Assert.Equal(0, rig.Budget.IndexBytes);
    }

    private LogRig Rig(StorageBudget budget, int interval = 4096) => new(
        LogConfig.Default with { IndexIntervalBytes = interval, FileDeleteDelayMs = 0 }, _files, budget: budget);

    // The n-th record has the timestamp n + 1, and a batch of its own.
    private static void Append(LogRig rig)
    {
        lock (rig.Log.Gate) rig.Append(timestamp: rig.Log.LogEndOffset + 1);
    }

    private static void Fill(LogRig rig, int segments)
    {
        for (int i = 0; i < segments; i++)
        {
            Append(rig);
            rig.Log.Roll();
            if (i % 250 == 0) rig.Log.Flush();
        }

        rig.Log.Flush();
    }

    private static void Grow(LogRig rig, int times)
    {
        for (int i = 0; i < times; i++)
        {
            Append(rig);
            rig.Log.Roll();
            if (i % Unflushed == 0) rig.Log.Flush();
        }
    }

    private static void TruncateAndGrow(LogRig rig, int times)
    {
        for (int i = 0; i < times; i++)
        {
            lock (rig.Log.Gate)
            {
                rig.Log.TruncateTo(Math.Max(1200, rig.Log.LogEndOffset - 3));
                for (int j = 0; j < 5; j++) Append(rig);
            }
        }
    }

    private static void Shrink(LogRig rig, int step, int times)
    {
        for (int i = 0; i < times; i++) rig.Log.DeleteBefore(rig.Log.LogStartOffset + step);
    }

    private static void ReadAtRandom(LogRig rig, Random random, int times, long below = long.MaxValue)
    {
        var held = new Queue<(LogSlice Slice, long Offset)>();
        for (int i = 0; i < times; i++)
        {
            long offset = random.NextInt64(rig.Log.LogStartOffset, Math.Min(rig.Log.LogEndOffset, below));
            LogReadResult result = rig.Log.Read(offset, 10, true, long.MaxValue);
            if (result.Status == LogReadStatus.OffsetOutOfRange && offset < rig.Log.LogStartOffset) continue;
            held.Enqueue((result.Slice!, offset));
            if (held.Count == SlicesHeld) CheckOldest();
        }

        while (held.Count > 0) CheckOldest();

        void CheckOldest()
        {
            (LogSlice slice, long at) = held.Dequeue();
            Check(LogRig.Bytes(slice)!, at);
        }
    }

    private static void FindTimes(LogRig rig, Random random, int times)
    {
        for (int i = 0; i < times; i++)
        {
            long offset = random.NextInt64(0, 1200);
            TimestampOffset? found = rig.Log.FindOffsetByTimestamp(offset + 1);
            Assert.Equal(offset, found?.Offset);
        }
    }

    private static void Check(byte[] batch, long offset)
    {
        var header = new RecordBatchHeader(batch);
        Assert.Equal((offset, offset + 1), (header.BaseOffset, header.MaxTimestamp));
    }

    private static async Task RunTogether(params Action[] actions) => await Task.WhenAll(actions.Select(Task.Run));
}
