using System.Collections.Concurrent;
using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>Groups whose members come, go and die, and a broker that dies under them.</summary>
public sealed class GroupRebalanceTests
{
    private const int Records = 3_000;
    private const string Topic = "work";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(PartitionAssignmentStrategy.Range, 1)]
    [InlineData(PartitionAssignmentStrategy.CooperativeSticky, 2)]
    public async Task MembersComeAndGo_EveryRecordIsReadAtLeastOnce(PartitionAssignmentStrategy strategy, int seed)
    {
        await using BrokerProcess broker = await StartAsync();
        var random = new Random(seed);
        var seen = new ConcurrentDictionary<string, int>();
        using var stop = new CancellationTokenSource();
        var members = new List<(Task Work, CancellationTokenSource Leave)>();
        for (int round = 0; round < 12; round++)
        {
            if (members.Count < 5 && (members.Count == 0 || random.Next(3) > 0))
            {
                var leave = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
                // One in three goes without a word, as a process that is killed does.
                bool rude = random.Next(3) == 0;
                members.Add((Task.Run(() => Work(broker, strategy, rude, seen, leave.Token)), leave));
            }
            else
            {
                (Task work, CancellationTokenSource leave) = members[random.Next(members.Count)];
                members.RemoveAll(member => member.Work == work);
                await leave.CancelAsync();
                await work;
            }

            int before = seen.Count;
            await WaitForAsync(() => seen.Count > before || seen.Count == Records, TimeSpan.FromSeconds(2));
        }

        if (members.Count == 0) members.Add((Task.Run(() => Work(broker, strategy, false, seen, stop.Token)), new CancellationTokenSource()));
        Assert.True(await WaitForAsync(() => seen.Count == Records, Limit), $"{seen.Count} of {Records} records were read. The broker said:\n{broker.Output}");
        await stop.CancelAsync();
        await Task.WhenAll(members.Select(member => member.Work));
    }

    [Fact]
    public async Task BrokerIsKilledUnderAGroup_ItGoesOnWithItsOffsets()
    {
        await using BrokerProcess broker = await StartAsync();
        var client = new Dotnet();
        List<ClientRecord> first = await client.ConsumeInGroupAsync(broker, Topic, "g", Records / 2);
        await broker.KillAndStartAgainAsync();
        List<ClientRecord> second = await client.ConsumeInGroupAsync(broker, Topic, "g", Records - first.Count);
        Assert.Equal(Records, first.Concat(second).Select(record => (record.Partition, record.Offset)).Distinct().Count());
    }

    private static async Task<BrokerProcess> StartAsync()
    {
        BrokerProcess broker = await BrokerProcess.StartAsync("num.partitions=6", "group.initial.rebalance.delay.ms=0", "offsets.topic.num.partitions=4");
        await new Kcat().ProduceAsync(broker, Topic, [.. Enumerable.Range(0, Records).Select(i => new ClientRecord(
            -1, -1, -1, System.Text.Encoding.UTF8.GetBytes($"k{i}"), System.Text.Encoding.UTF8.GetBytes($"v{i}")))]);
        return broker;
    }

    private static void Work(
        BrokerProcess broker, PartitionAssignmentStrategy strategy, bool rude, ConcurrentDictionary<string, int> seen, CancellationToken leave)
    {
        IConsumer<byte[]?, byte[]?> consumer = Dotnet.NewMember(broker, Topic, "g", strategy);
        try
        {
            int uncommitted = 0;
            while (!leave.IsCancellationRequested)
            {
                ConsumeResult<byte[]?, byte[]?>? result = consumer.Consume(TimeSpan.FromMilliseconds(100));
                if (result is null) continue;
                seen.AddOrUpdate($"{result.Partition.Value}:{result.Offset.Value}", 1, (_, times) => times + 1);
                if (++uncommitted < 20) continue;
                uncommitted = 0;
                Commit(consumer);
                // Work takes time, so that members come and go in the middle of it.
                leave.WaitHandle.WaitOne(20);
            }
        }
        finally
        {
            if (!rude) consumer.Close();
            consumer.Dispose();
        }
    }

    private static void Commit(IConsumer<byte[]?, byte[]?> consumer)
    {
        try
        {
            consumer.Commit();
        }
        catch (KafkaException e) when (e.Error.Code is ErrorCode.RebalanceInProgress or ErrorCode.IllegalGeneration or ErrorCode.UnknownMemberId or ErrorCode.Local_NoOffset)
        {
            // The partitions are somebody else's now, who reads these records again.
        }
    }

    private static async Task<bool> WaitForAsync(Func<bool> condition, TimeSpan limit)
    {
        using var over = new CancellationTokenSource(limit);
        while (!condition())
        {
            if (over.IsCancellationRequested) return false;
            await Task.Delay(20, CancellationToken.None);
        }

        return true;
    }
}
