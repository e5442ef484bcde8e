using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Log.Measure;
using KBroker.LogEngine;
using KBroker.LogEngine.Directories;

namespace KBroker.Benchmarks.Log.Scenarios;

/// <summary>
/// CPU time of the whole process for opening a directory that was not closed: one log of a segment of 1 GB in the page cache, nothing of it below the recovery point, so
/// that every batch is read, summed and indexed anew.
/// </summary>
internal sealed class Recovery(Options options, string label, int batchSize)
{
    private readonly int _turns = options.Quick ? 3 : 8;
    private readonly long _bytes = (options.Quick ? 1L << 28 : 1L << 30) - (1 << 20);

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        string path = Path.Combine(options.Work, "recovery");
        using (LogDirectory directory = Logs.Open(path)) Logs.Fill(Logs.Create(directory, "recovery"), new BatchSource(batchSize, 1024), _bytes);
        Func<Task<double>> subject = () => Task.FromResult(Open(path));
        await InTurns.WarmUpAsync(options.Quick, subject);
        InTurns result = await InTurns.RunAsync(_turns, subject);
        Directory.Delete(path, recursive: true);
        return [new Row($"recovery scan, {label}", result.Of(0), null, "GB/CPU s", result.Of(0), 1, AtLeast: true)];
    }

    private double Open(string path)
    {
        long before = CpuClock.Process;
        using LogDirectory directory = Logs.Open(path);
        long spent = CpuClock.Process - before;
        PartitionLog log = directory.Logs.Single();
        if (log.SizeInBytes < _bytes - batchSize) throw new InvalidOperationException("the log is shorter than it was");
        return log.SizeInBytes / (double)spent;
    }
}
