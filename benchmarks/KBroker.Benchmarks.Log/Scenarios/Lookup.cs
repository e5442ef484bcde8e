using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Log.Measure;
using KBroker.LogEngine;
using KBroker.LogEngine.Directories;
using Microsoft.Win32.SafeHandles;

namespace KBroker.Benchmarks.Log.Scenarios;

/// <summary>
/// CPU time of a lookup in a segment of 1 GB that the page cache holds, at random: <c>Read</c> from an offset to its slice, let go
/// at once (what a Fetch does before it sends), and the first record of a timestamp with its offset, somewhere inside its batch
/// (ListOffsets). Records of 1 KB a millisecond apart, not compressed.
/// </summary>
internal sealed class Lookup(Options options, string label, int batchSize)
{
    private const long SegmentBytes = (1L << 30) - (1 << 20);
    private const int ReadSize = 4096;
    private const double LimitMicroseconds = 2;
    private readonly int _turns = options.Quick ? 5 : 12;
    private readonly int _count = options.Quick ? 50_000 : 200_000;
    private readonly Random _random = new(1);
    private double _allocated;

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        string path = Path.Combine(options.Work, "lookup");
        using LogDirectory directory = Logs.Open(path);
        PartitionLog log = Logs.Create(directory, "lookup");
        Logs.Fill(log, new BatchSource(batchSize, 1024), SegmentBytes);
        byte[] buffer = new byte[ReadSize];
        using SafeFileHandle file = File.OpenHandle(Directory.GetFiles(log.Directory, "*.log").Single(), share: FileShare.ReadWrite);
        Func<Task<double>>[] subjects =
        [
            () => Task.FromResult(Cost(_count, () => ByOffset(log, _random.NextInt64(log.LogEndOffset)))),
            () => Task.FromResult(Cost(_count, () => ByTime(log, _random.NextInt64(log.LogEndOffset)))),
            () => Task.FromResult(Cost(_count, () => _random.NextInt64(log.LogEndOffset))),
            () => Task.FromResult(Cost(_count, () => RandomAccess.Read(file, buffer, _random.NextInt64(log.SizeInBytes - buffer.Length)))),
        ];
        await InTurns.WarmUpAsync(options.Quick, subjects);
        InTurns result = await InTurns.RunAsync(_turns, subjects);
        _ = Cost(1000, () => ByTime(log, _random.NextInt64(log.LogEndOffset)));
        double byTime = _allocated;
        directory.Dispose();
        Directory.Delete(path, recursive: true);
        return
        [
            Micros($"offset lookup, {label}, beside a bare pread of 4 KB", result, 0),
            Micros($"timestamp lookup, {label}, beside a bare pread of 4 KB", result, 1),
            new Row($"timestamp lookup, {label}, allocated", byTime, null, "bytes", byTime, 0),
        ];
    }

    // Less what the random numbers cost.
    private static Row Micros(string name, InTurns result, int subject) => new(
        name, result.Of(subject) - result.Of(2), result.Of(3) - result.Of(2), "CPU us", result.Of(subject) - result.Of(2), LimitMicroseconds);

    private static void ByOffset(PartitionLog log, long offset)
    {
        LogReadResult result = log.Read(offset, 1, minOneMessage: true, long.MaxValue);
        if (result.Slice is not { } slice) throw new InvalidOperationException("nothing read");
        slice.Dispose();
    }

    private static void ByTime(PartitionLog log, long offset)
    {
        if (log.FindOffsetByTimestamp(offset + 1) is not { } found || found.Offset != offset) throw new InvalidOperationException("wrong offset");
    }

    private double Cost(int count, Action lookup)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long before = CpuClock.Thread;
        for (int i = 0; i < count; i++) lookup();
        long spent = CpuClock.Thread - before;
        _allocated = (double)(GC.GetAllocatedBytesForCurrentThread() - allocated) / count;
        return spent / 1000.0 / count;
    }
}
