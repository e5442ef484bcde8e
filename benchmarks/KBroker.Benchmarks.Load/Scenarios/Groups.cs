using System.Diagnostics;
using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Traffic;

namespace KBroker.Benchmarks.Load.Scenarios;

/// <summary>
/// Classic groups whose members have a connection each: 500 members in 100 groups that start, until every group is whole; what their
/// heartbeats cost then; and how long one group of 100 members takes to rebalance.
/// </summary>
/// <remarks>
/// A member that has its assignment learns by its next heartbeat that others have come, so a start takes most of a heartbeat interval
/// whatever the broker does; what is left, from the last JoinGroup of a group to its last assignment, is the broker's.
/// </remarks>
internal sealed class Groups(Options options)
{
    private const int GroupCount = 100;
    private const int MembersEach = 5;
    private const int LargeGroup = 100;

    // What consumers have unless they are told otherwise: heartbeat.interval.ms.
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(3);

    // How soon members hear of a rebalance is not measured; rounds go on faster so.
    private static readonly TimeSpan QuickHeartbeat = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // Programs that are started together do not come in the same millisecond.
    private static readonly TimeSpan Spread = TimeSpan.FromSeconds(1);
    private readonly int _starts = options.Quick ? 2 : 4;
    private readonly int _rounds = options.Quick ? 10 : 30;
    private readonly TimeSpan _window = TimeSpan.FromSeconds(options.Quick ? 9 : 30);

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        // As without a configuration file: the first member of a group does not wait for others.
        using BrokerServer broker = await BrokerServer.StartAsync(options, "group.initial.rebalance.delay.ms=0");
        await broker.CreateOffsetsTopicAsync();
        // The first start of all warms up.
        List<Start> atOnce = [], spread = [];
        for (int start = 0; start < _starts; start++)
        {
            atOnce.Add(await StartAsync(broker, $"once{start}", TimeSpan.Zero));
            spread.Add(await StartAsync(broker, $"spread{start}", Spread));
        }

        await Task.Delay(HeartbeatInterval);
        (double idle, _) = await CpuAsync(broker, null);
        double steady, each;
        using (var many = new Many(broker.Port, "steady"))
        {
            spread.Add(await many.StartAsync(Spread));
            await Task.Delay(HeartbeatInterval);
            (steady, each) = await CpuAsync(broker, many);
        }

        (List<double> rebalances, double cpu) = await RebalanceAsync(broker);
        return
        [
            Seconds("500 members start within 1 s, last one to all whole", spread.Max(one => one.AfterLastMember), HeartbeatInterval.TotalSeconds),
            Seconds("500 members start at once, last one to all whole", atOnce.Max(one => one.AfterLastMember), null),
            new Row("of that, a group's last JoinGroup to whole, slowest", atOnce.Concat(spread).Max(one => one.AfterLastJoin.TotalMilliseconds), null, "ms", 0, null),
            new Row("500 members, heartbeats every 3 s", steady, null, "% of a core", steady, 5),
            new Row("the same broker without them", idle, null, "% of a core", idle, null),
            new Row("a heartbeat", each - (idle / steady * each), null, "us of CPU", 0, null),
            new Row("rebalance of 100 members, slowest", rebalances.Max(), null, "ms", rebalances.Max(), 1000),
            new Row("rebalance of 100 members, median", InTurns.Median(rebalances), null, "ms", 0, null),
            new Row("rebalance of 100 members, CPU", cpu, null, "ms", 0, null),
        ];
    }

    private static Row Seconds(string name, TimeSpan value, double? limit) => new(name, value.TotalSeconds, null, "s", value.TotalSeconds, limit);

    private static async Task<Start> StartAsync(BrokerServer broker, string prefix, TimeSpan spread)
    {
        using var many = new Many(broker.Port, prefix);
        Start start = await many.StartAsync(spread);
        await many.LeaveAsync();
        return start;
    }

    /// <summary>The CPU that the broker takes while nothing but heartbeats goes on.</summary>
    private async Task<(double PercentOfACore, double MicrosecondsEach)> CpuAsync(BrokerServer broker, Many? members)
    {
        long heartbeats = members?.Heartbeats ?? 0;
        int[] generations = members?.Generations ?? [];
        var elapsed = Stopwatch.StartNew();
        double before = broker.Process.CpuSeconds;
        await Task.Delay(_window);
        double spent = broker.Process.CpuSeconds - before;
        double seconds = elapsed.Elapsed.TotalSeconds;
        if (members is null) return (spent / seconds * 100, 0);
        if (!members.Generations.SequenceEqual(generations)) throw new InvalidOperationException("a group rebalanced for no reason");
        heartbeats = members.Heartbeats - heartbeats;
        double expected = seconds / HeartbeatInterval.TotalSeconds * GroupCount * MembersEach;
        if (heartbeats < expected * 0.8) throw new InvalidOperationException($"{heartbeats} heartbeats were answered, not {expected:F0}");
        return (spent / seconds * 100, spent * 1e6 / heartbeats);
    }

    /// <summary>A member leaves and comes back, again and again: from the last JoinGroup to the last answer to a SyncGroup.</summary>
    private async Task<(List<double> Milliseconds, double CpuMilliseconds)> RebalanceAsync(BrokerServer broker)
    {
        var watch = new GroupWatch(LargeGroup);
        GroupMember[] members = [.. Enumerable.Range(0, LargeGroup).Select(_ => new GroupMember(broker.Port, "large", watch, QuickHeartbeat))];
        foreach (GroupMember member in members) member.Start();
        await watch.WholeAsync().WaitAsync(Patience);
        var times = new List<double> { watch.AfterLastJoin.TotalMilliseconds };
        double before = broker.Process.CpuSeconds;
        for (int round = 0; round < _rounds; round++)
        {
            watch.Expect();
            GroupMember one = members[round % members.Length];
            await one.LeaveAsync();
            one.Start();
            await watch.WholeAsync().WaitAsync(Patience);
            times.Add(watch.AfterLastJoin.TotalMilliseconds);
        }

        double cpu = (broker.Process.CpuSeconds - before) * 1e3 / _rounds;
        foreach (GroupMember member in members) member.Dispose();
        return (times, cpu);
    }

    /// <summary>All members of all groups.</summary>
    private sealed class Many : IDisposable
    {
        private readonly GroupWatch[] _watches = [.. Enumerable.Range(0, GroupCount).Select(_ => new GroupWatch(MembersEach))];
        private readonly GroupMember[] _members;

        public Many(int port, string prefix) => _members =
        [
            .. Enumerable.Range(0, GroupCount * MembersEach)
                .Select(i => new GroupMember(port, $"{prefix}-{i % GroupCount}", _watches[i % GroupCount], HeartbeatInterval)),
        ];

        public long Heartbeats => _members.Sum(member => member.Heartbeats);

        public int[] Generations => [.. _watches.Select(watch => watch.Generation)];

        /// <summary>Starts the members, in random order where it takes a time, and waits until each group is whole.</summary>
        public async Task<Start> StartAsync(TimeSpan spread)
        {
            var order = (GroupMember[])_members.Clone();
            if (spread > TimeSpan.Zero) new Random(order.Length).Shuffle(order);
            var elapsed = Stopwatch.StartNew();
            for (int i = 0; i < order.Length; i++)
            {
                TimeSpan due = (spread * i / order.Length) - elapsed.Elapsed;
                if (due > TimeSpan.Zero) await Task.Delay(due);
                order[i].Start();
            }

            foreach (GroupWatch watch in _watches) await watch.WholeAsync().WaitAsync(Patience);
            return new Start(
                Stopwatch.GetElapsedTime(_members.Max(member => member.JoinedAt), _watches.Max(watch => watch.WholeAt)),
                _watches.Max(watch => watch.AfterLastJoin));
        }

        public Task LeaveAsync() => Task.WhenAll(_members.Select(member => member.LeaveAsync()));

        public void Dispose()
        {
            foreach (GroupMember member in _members) member.Dispose();
        }
    }

    /// <param name="AfterLastMember">From the JoinGroup that took the last member of all in, until the last group was whole.</param>
    /// <param name="AfterLastJoin">From the last JoinGroup of a group, a rejoin perhaps, until it was whole; the slowest of the groups.</param>
    private readonly record struct Start(TimeSpan AfterLastMember, TimeSpan AfterLastJoin);
}
