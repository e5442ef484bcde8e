using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Traffic;
using KBroker.Benchmarks.Load.Wire;

namespace KBroker.Benchmarks.Load.Scenarios;

/// <summary>
/// OffsetCommits of one partition each, of 100 groups with a member each on 10 connections, one in flight for each group; beside
/// Produce requests of one small record with acks=all in the same shape: as many connections, in flight and partitions.
/// </summary>
internal sealed class OffsetCommits(Options options)
{
    private const int Connections = 10;
    private const int GroupsEach = 10;
    private const int Partitions = 50;
    private const string Topic = "c0";
    private readonly int _rounds = options.Quick ? 100 : 250;
    private readonly int _turns = options.Quick ? 5 : 12;

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        using BrokerServer broker = await BrokerServer.StartAsync(options, "group.initial.rebalance.delay.ms=0");
        await broker.CreateTopicAsync(Topic, Partitions);
        await broker.CreateOffsetsTopicAsync();
        byte[][][] commitFrames = Enumerate(i => Join(broker.Port, Group(i)));
        byte[] batch = SmallRequests.Batch();
        byte[][][] produceFrames = Enumerate(i => Requests.Produce(Topic, i % Partitions, batch, acks: -1));
        long offset = 0;
        using var commits = new Bursts(broker.Port, commitFrames, OffsetRequests.CheckCommit)
        {
            Prepare = (connection, bytes) =>
            {
                // Offsets rise, as they do where records are read.
                if (connection == 0) offset++;
                int end = 0;
                foreach (byte[] frame in commitFrames[connection]) OffsetRequests.SetOffset(bytes.AsSpan(0, end += frame.Length), offset);
            },
        };
        using var produces = new Bursts(broker.Port, produceFrames, reply => ProduceStream.Check(reply, Topic.Length));
        var commitRates = new List<double>();
        var produceRates = new List<double>();
        Func<Task<double>>[] subjects =
        [
            () => Turns.BurstsAsync(broker.Process, commits, _rounds, commitRates),
            () => Turns.BurstsAsync(broker.Process, produces, _rounds, produceRates),
        ];
        await InTurns.WarmUpAsync(options.Quick, subjects);
        commitRates.Clear();
        produceRates.Clear();
        InTurns cpu = await InTurns.RunAsync(_turns, subjects);
        CheckCommitted(broker.Port, offset);
        double rate = InTurns.Median(commitRates);
        return
        [
            new Row("offset commits, 100 groups on 10 connections", rate, null, "commits/s", rate, 20_000, AtLeast: true),
            new Row("offset commit, CPU, beside a small produce", cpu.Of(0), cpu.Of(1), "us/request", cpu.Ratio(0, 1), null),
            new Row("offset commits, rate, beside small produces", rate, InTurns.Median(produceRates), "requests/s", rate / InTurns.Median(produceRates), null),
        ];
    }

    private static string Group(int number) => $"offsets-{number}";

    private static byte[][][] Enumerate(Func<int, byte[]> frame) =>
    [
        .. Enumerable.Range(0, Connections).Select(connection =>
            Enumerable.Range(0, GroupsEach).Select(group => frame((connection * GroupsEach) + group)).ToArray()),
    ];

    /// <summary>Makes the one member of a group; returns its commit.</summary>
    private static byte[] Join(int port, string group)
    {
        using var connection = new Connection(port);
        GroupRequests.JoinAnswer joined = default;
        for (string memberId = ""; joined.Generation <= 0; memberId = joined.MemberId)
        {
            joined = GroupRequests.ReadJoin(connection.Call(GroupRequests.Join(group, memberId, Topic)));
            if (joined.Error is not (0 or GroupRequests.MemberIdRequired)) throw new InvalidOperationException($"JoinGroup was answered with error {joined.Error}");
        }

        short error = GroupRequests.ReadSync(connection.Call(GroupRequests.Sync(group, joined.Generation, joined.MemberId, joined.Members, Topic)));
        if (error != 0) throw new InvalidOperationException($"SyncGroup was answered with error {error}");
        return OffsetRequests.Commit(group, joined.Generation, joined.MemberId, Topic, 0);
    }

    private static void CheckCommitted(int port, long offset)
    {
        using var connection = new Connection(port);
        for (int i = 0; i < Connections * GroupsEach; i++)
        {
            long committed = OffsetRequests.ReadFetch(connection.Call(OffsetRequests.Fetch(Group(i), Topic, 0))).Offset;
            if (committed != offset) throw new InvalidOperationException($"{Group(i)} has committed {committed}, not {offset}");
        }
    }
}
