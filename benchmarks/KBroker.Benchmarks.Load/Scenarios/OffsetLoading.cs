using System.Diagnostics;
using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Traffic;
using KBroker.Benchmarks.Load.Wire;

namespace KBroker.Benchmarks.Load.Scenarios;

/// <summary>
/// A broker that starts with a million committed offsets, of 1,000 groups, in its log: from the start of the program until it has
/// answered an OffsetFetch of every group. The files are in the page cache.
/// </summary>
internal sealed class OffsetLoading(Options options)
{
    private const int GroupCount = 1000;
    private const int OffsetsEach = 1000;
    private const short CoordinatorLoadInProgress = 14;
    private const short NotCoordinator = 16;
    private readonly int _starts = options.Quick ? 3 : 6;
    private readonly string[] _groups = [.. Enumerable.Range(0, GroupCount).Select(i => $"group-{i}")];

    public async Task<IReadOnlyList<Row>> RunAsync() =>
    [
        .. await LoadAsync("100 a commit", 100),
        .. await LoadAsync("1 a commit", 1),
    ];

    private async Task<IReadOnlyList<Row>> LoadAsync(string name, int offsetsPerCommit)
    {
        using BrokerServer broker = await BrokerServer.StartAsync(options);
        await broker.CreateOffsetsTopicAsync();
        broker.Stop();
        OffsetsLog.Fill(broker.Logs, _groups, OffsetsEach, offsetsPerCommit);
        var times = new List<double>();
        var cpu = new List<double>();
        var resident = new List<double>();
        for (int start = 0; start < _starts; start++)
        {
            var elapsed = Stopwatch.StartNew();
            broker.SpawnAgain();
            using Connection connection = await broker.Process.ConnectAsync();
            await AskAllAsync(connection);
            times.Add(elapsed.Elapsed.TotalSeconds);
            cpu.Add(broker.Process.CpuSeconds);
            resident.Add(broker.Process.ResidentBytes / 1e6);
            Verify(connection);
            broker.Stop();
        }

        return
        [
            new Row($"start with 1,000,000 offsets, {name}, median", InTurns.Median(times), null, "s", InTurns.Median(times), 5),
            new Row($"CPU until then, {name}, median", InTurns.Median(cpu), null, "s", 0, null),
            new Row($"resident memory then, {name}", resident.Max(), null, "MB", 0, null),
        ];
    }

    /// <summary>Asks for one offset of each group until the group answers.</summary>
    private async Task AskAllAsync(Connection connection)
    {
        (string topic, int partition) = OffsetsLog.Source(OffsetsEach - 1);
        foreach (string group in _groups)
        {
            byte[] fetch = OffsetRequests.Fetch(group, topic, partition);
            while (true)
            {
                (short error, _, long offset) = OffsetRequests.ReadFetch(connection.Call(fetch));
                if (error is >= CoordinatorLoadInProgress and <= NotCoordinator)
                {
                    await Task.Delay(1);
                    continue;
                }

                if (error != 0 || offset != partition) throw new InvalidOperationException($"{group} has offset {offset}, error {error}");
                break;
            }
        }
    }

    private void Verify(Connection connection)
    {
        foreach (string group in _groups)
        {
            (short error, int count, _) = OffsetRequests.ReadFetch(connection.Call(OffsetRequests.FetchAll(group)));
            if (error != 0 || count != OffsetsEach) throw new InvalidOperationException($"{group} has {count} offsets, error {error}");
        }
    }
}
