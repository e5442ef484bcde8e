using System.Diagnostics;
using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Log.Measure;
using KBroker.LogEngine;
using KBroker.LogEngine.Directories;

namespace KBroker.Benchmarks.Log.Scenarios;

/// <summary>Wall time to open a directory of 2,000 logs of three segments and 48 KB each, after an orderly stop and after a crash.</summary>
internal sealed class Opening(Options options)
{
    private const int Partitions = 2000;
    private const double LimitSeconds = 10;
    private static readonly LogConfig Config = LogConfig.Default with { SegmentBytes = 16 * 1024 };

    public Task<IReadOnlyList<Row>> RunAsync()
    {
        string path = Path.Combine(options.Work, "opening");
        var batch = new BatchSource(1024, 1024);
        using (LogDirectory directory = Logs.Open(path, Config))
        {
            for (int i = 0; i < Partitions; i++) Logs.Fill(Logs.Create(directory, "opening", i, Config), batch, 3 * 16 * 1024);
        }

        (double crashed, LogDirectory first) = Open(path);
        using (first) first.Close(0);
        (double closed, LogDirectory second) = Open(path);
        second.Dispose();
        Directory.Delete(path, recursive: true);
        return Task.FromResult<IReadOnlyList<Row>>(
        [
            new Row("open 2,000 logs after a crash", crashed, null, "s", crashed, LimitSeconds),
            new Row("open 2,000 logs after an orderly stop", closed, null, "s", closed, LimitSeconds),
        ]);
    }

    private static (double Seconds, LogDirectory Directory) Open(string path)
    {
        var elapsed = Stopwatch.StartNew();
        LogDirectory directory = Logs.Open(path, Config);
        double seconds = elapsed.Elapsed.TotalSeconds;
        return directory.Logs.Count == Partitions ? (seconds, directory) : throw new InvalidOperationException("logs are missing");
    }
}
