using System.Diagnostics;
using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Traffic;

namespace KBroker.Benchmarks.Load.Scenarios;

/// <summary>
/// Groups of the consumer protocol (KIP-848) whose members have a connection and, once all are there, a partition each: 500 members in 100
/// groups, what their heartbeats cost, and one group of 100 members.
/// </summary>
/// <remarks>
/// A partition moves in two heartbeats, one that tells its holder to let it go and one that tells the other to take it; so a start takes up
/// to two intervals of 5 s whatever the broker does.
/// </remarks>
internal sealed class ConsumerGroups(Options options)
{
    private const int GroupCount = 100;
    private const int MembersEach = 5;
    private const int LargeGroup = 100;
    private const string Topic = "g5";
    private const string LargeTopic = "g100";

    // group.consumer.heartbeat.interval.ms, which members are told.
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TimeSpan _window = TimeSpan.FromSeconds(options.Quick ? 10 : 30);

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        using BrokerServer broker = await BrokerServer.StartAsync(options);
        await broker.CreateTopicAsync(Topic, MembersEach);
        await broker.CreateTopicAsync(LargeTopic, LargeGroup);
        await broker.CreateOffsetsTopicAsync();
        (ConsumerMember[] members, double start, _) = await StartAsync(
            broker, [.. Enumerable.Range(0, GroupCount).Select(group => $"consumers-{group}")], MembersEach, Topic);
        await Task.Delay(HeartbeatInterval);
        double steady = await SteadyAsync(broker, members);
        foreach (ConsumerMember member in members)
        {
            await member.LeaveAsync();
            member.Dispose();
        }

        (ConsumerMember[] large, double whole, double cpu) = await StartAsync(broker, ["large-consumers"], LargeGroup, LargeTopic);
        foreach (ConsumerMember member in large) member.Dispose();
        return
        [
            new Row("500 members of the consumer protocol, start to whole", start, null, "s", start, null),
            new Row("500 members of the consumer protocol, heartbeats every 5 s", steady, null, "% of a core", steady, 5),
            new Row("a group of 100 of the consumer protocol, start to whole", whole, null, "s", whole, null),
            new Row("  CPU until then", cpu, null, "ms", cpu, null),
        ];
    }

    private static async Task<(ConsumerMember[] Members, double Seconds, double CpuMilliseconds)> StartAsync(
        BrokerServer broker, string[] groups, int membersEach, string topic)
    {
        OwnershipWatch[] watches = [.. groups.Select(_ => new OwnershipWatch(membersEach))];
        ConsumerMember[] members =
        [
            .. Enumerable.Range(0, groups.Length * membersEach).Select(i =>
                new ConsumerMember(broker.Port, groups[i % groups.Length], topic, i / groups.Length, watches[i % groups.Length])),
        ];
        double before = broker.Process.CpuSeconds;
        foreach (ConsumerMember member in members) member.Start();
        foreach (OwnershipWatch watch in watches) await watch.WholeAsync().WaitAsync(Patience);
        double cpu = broker.Process.CpuSeconds - before;
        double seconds = Stopwatch.GetElapsedTime(watches.Max(watch => watch.LastJoin), watches.Max(watch => watch.WholeAt)).TotalSeconds;
        return (members, seconds, cpu * 1e3);
    }

    private async Task<double> SteadyAsync(BrokerServer broker, ConsumerMember[] members)
    {
        (long heartbeats, int changes) = (members.Sum(member => member.Heartbeats), members.Sum(member => member.Changes));
        var elapsed = Stopwatch.StartNew();
        double before = broker.Process.CpuSeconds;
        await Task.Delay(_window);
        double spent = broker.Process.CpuSeconds - before;
        double seconds = elapsed.Elapsed.TotalSeconds;
        if (members.Sum(member => member.Changes) != changes) throw new InvalidOperationException("partitions moved for no reason");
        heartbeats = members.Sum(member => member.Heartbeats) - heartbeats;
        double expected = seconds / HeartbeatInterval.TotalSeconds * members.Length;
        if (heartbeats < expected * 0.8) throw new InvalidOperationException($"{heartbeats} heartbeats were answered, not {expected:F0}");
        return spent / seconds * 100;
    }
}
