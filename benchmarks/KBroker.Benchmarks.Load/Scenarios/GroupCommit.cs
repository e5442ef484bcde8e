using System.Diagnostics;
using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Traffic;
using KBroker.Benchmarks.Load.Wire;
using KBroker.LogEngine;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Benchmarks.Load.Scenarios;

/// <summary>
/// Acknowledged batches of 1 KB per second of 16 producers whose batches are on the disk before they are acknowledged, beside a
/// loop that writes a batch and flushes, again and again. First the log alone, in this process, then the broker.
/// </summary>
internal sealed class GroupCommit(Options options)
{
    private const int Producers = 16;
    private const int BatchSize = 1024;

    // What a producer of Kafka's has unless it is told otherwise: max.in.flight.requests.per.connection.
    private const int DefaultInFlight = 5;
    private readonly int _turns = options.Quick ? 5 : 12;
    private readonly TimeSpan _turn = TimeSpan.FromMilliseconds(options.Quick ? 300 : 600);
    private readonly byte[] _batch = BatchBuilder.Build(BatchSize, BatchSize / 4, out _);
    private int _files;

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        string root = Directory.CreateDirectory(options.At("commit")).FullName;
        using LogDirectory directory = LogDirectory.Open(
            new LogDirectoryOptions { Path = Path.Combine(root, "logs"), BrokerId = new BrokerId(0), ClusterId = "c" },
            new PhysicalLogFileSystem(), TimeProvider.System, new Random(1), NullLogger.Instance);
        PartitionLog[] logs = [.. Enumerable.Range(0, Producers).Select(i => directory.Create(
            new TopicPartition("t", i), Guid.Empty, LogConfig.Default with { FlushEachAppend = true }))];
        using BrokerServer broker = await BrokerServer.StartAsync(options);
        await broker.CreateTopicAsync("d0", 1, ("kbroker.flush.before.ack", "true"));
        Func<Task<double>>[] subjects =
        [
            () => Task.FromResult(OneByOne(root)),
            () => AppendAsync(logs[..1], DefaultInFlight),
            () => AppendAsync(logs[..1], 1),
            () => AppendAsync(logs, DefaultInFlight),
            () => AppendAsync(logs, 1),
            () => ProduceAsync(broker, DefaultInFlight),
            () => ProduceAsync(broker, 1),
        ];
        await InTurns.WarmUpAsync(options.Quick, subjects);
        InTurns rates = await InTurns.RunAsync(_turns, subjects);
        return
        [
            Of("group commit, 16 producers, 5 in flight", 1, 8),
            Of("group commit, 16 producers, 1 in flight", 2, null),
            Of("group commit, 16 producers, 5 in flight, a log each", 3, null),
            Of("group commit, 16 producers, 1 in flight, a log each", 4, null),
            Of("flush before ack, 16 connections, 5 in flight", 5, null),
            Of("flush before ack, 16 connections, 1 in flight", 6, null),
        ];

        Row Of(string name, int subject, double? least) =>
            new(name, rates.Of(subject), rates.Of(0), "batches/s", rates.Ratio(subject, 0), least, AtLeast: true);
    }

    /// <summary>Writes and flushes batch by batch into a file that grows.</summary>
    private double OneByOne(string root)
    {
        string path = Path.Combine(root, $"bare-{_files++}");
        var disk = new PhysicalLogFileSystem();
        using ILogFile file = disk.CreateNew(path);
        int count = 0;
        var elapsed = Stopwatch.StartNew();
        while (elapsed.Elapsed < _turn)
        {
            file.Write(_batch, (long)count * BatchSize);
            file.Flush();
            count++;
        }

        double rate = count / elapsed.Elapsed.TotalSeconds;
        disk.DeleteFile(path);
        return rate;
    }

    private async Task<double> AppendAsync(PartitionLog[] logs, int inFlight)
    {
        using var producers = new FlushedProducers(logs, Producers, _batch, inFlight);
        double rate = await producers.RunAsync(Count(inFlight));
        // What fills the disk is not measured.
        foreach (PartitionLog log in logs) log.TruncateFullyAndStartAt(0);
        return rate;
    }

    private async Task<double> ProduceAsync(BrokerServer broker, int inFlight)
    {
        byte[] frame = Requests.Produce("d0", 0, _batch);
        int count = Count(inFlight) / 2;
        var elapsed = Stopwatch.StartNew();
        await Clients.RunAsync(Producers, _ => ProduceStream.Run(broker.Port, frame, 2, count, inFlight), () => 0);
        return (double)count * Producers / elapsed.Elapsed.TotalSeconds;
    }

    private int Count(int inFlight) => (options.Quick ? 300 : 600) * inFlight;
}
