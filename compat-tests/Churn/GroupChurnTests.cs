using System.Diagnostics;
using System.Text;
using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;
using Xunit.Abstractions;

namespace KBroker.Compat.Tests.Churn;

/// <summary>Groups of twenty members of five clients that come, leave and are killed, while records come in and the broker is killed too.</summary>
public sealed class GroupChurnTests(ITestOutputHelper output)
{
    private const int Members = 20;
    private const int Partitions = 24;
    private const int Steps = 14;
    private const string Topic = "work";
    private const string Group = "churn";

    [Theory]
    [InlineData("range", 1)]
    [InlineData("cooperative-sticky", 2)]
    public async Task TwentyMembersComeLeaveAndDie_EveryRecordIsReadAndNoPartitionHasTwoOwners(string strategy, int seed)
    {
        var random = new Random(seed);
        long began = Stopwatch.GetTimestamp();
        var history = new OwnershipHistory();
        await using BrokerProcess broker = await BrokerProcess.StartAsync(
            $"num.partitions={Partitions}", "offsets.topic.num.partitions=2", "group.min.session.timeout.ms=1000", "group.initial.rebalance.delay.ms=200");
        await new Kcat().ProduceAsync(broker, Topic, [new(-1, -1, -1, "k"u8.ToArray(), "v"u8.ToArray())]);
        using var server = new ForkServer("group_members");
        var settings = new MemberSettings(Topic, Group, strategy, SessionMs: 2_000, HeartbeatMs: 250);
        using var cast = new Cast(broker, server, settings, history);
        using var records = new SteadyRecords(broker, Topic, perSecond: 500);

        for (int i = 0; i < Members; i++) cast.Join();
        await Deadline.UntilAsync(() => history.SeenCount > 100, "the first records to be read");
        for (int step = 0; step < Steps; step++)
        {
            // Between deaths there is time for the group to find out and to settle, now and then.
            if (step % 3 == 0) cast.Kill(random);
            if (step % 3 == 0 || random.Next(3) == 0) cast.Kill(random);
            if (random.Next(3) == 0) cast.Leave(random);
            while (cast.Count < Members) cast.Join();
            if (step == Steps / 2)
            {
                broker.Kill();
                await broker.WaitForExitAsync();
                await broker.StartAgainAsync();
            }

            await Task.Delay(random.Next(200, 900));
        }

        IReadOnlyCollection<TopicPartitionOffset> acknowledged = await records.StopAsync();
        bool complete = false;
        try
        {
            await Deadline.UntilAsync(() => acknowledged.All(at => history.HasSeen(at.Partition, at.Offset)), "all records to be read");
            complete = true;
        }
        catch (TimeoutException)
        {
            // Told below, with what else is known.
        }

        string said = $"strategy {strategy}, seed {seed}. The broker said:\n{broker.Output}";
        GroupLog log = await GroupLog.ReadAsync(broker, Group);
        Assert.True(complete, $"{Missing(acknowledged.Where(at => !history.HasSeen(at.Partition, at.Offset)), log)}\n{history.OwnersAtTheEnd()}\n{string.Join('\n', history.Failures)}\n{said}");
        await cast.AllLeaveAsync();
        log = await GroupLog.ReadAsync(broker, Group);
        output.WriteLine(
            $"{acknowledged.Count} records, {history.Reads} reads, {cast.Joined} members in all, {cast.Killed} killed, {history.Deaths.Count} dead by themselves, "
            + $"{log.Generations.Count} generations, {log.Commits.Count} commits, {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s");
        Assert.Empty(history.Failures);
        Assert.True(log.Generations.Count >= 4, said);
        Assert.True(log.Violations() is [], $"{string.Join('\n', log.Violations())}\n{said}");
        Assert.True(history.SharedPartitions() is [], $"{string.Join('\n', history.SharedPartitions())}\n{said}");
    }

    private static string Missing(IEnumerable<TopicPartitionOffset> records, GroupLog log)
    {
        var text = new StringBuilder();
        foreach (IGrouping<int, TopicPartitionOffset> partition in records.GroupBy(record => record.Partition.Value))
        {
            IEnumerable<long> commits = log.Commits.Where(commit => commit.Partition == partition.Key).Select(commit => commit.Offset).TakeLast(30);
            text.AppendLine(System.Globalization.CultureInfo.InvariantCulture,
                $"partition {partition.Key}: {string.Join(' ', partition.Select(record => record.Offset.Value))} were never read; it committed {string.Join(' ', commits)}");
        }

        GroupLog.Generation last = log.Generations[^1];
        text.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"generation {last.Id}: {last.Members} members, {string.Join(' ', last.Owners)}");
        return text.ToString();
    }

    /// <summary>Who is in the group, and who may join it.</summary>
    private sealed class Cast(BrokerProcess broker, ForkServer server, MemberSettings settings, OwnershipHistory history) : IDisposable
    {
        private static readonly string[] Range = ["dotnet", "python", "librdkafka", "kafkajs", "kcat"];

        // The pure clients know no incremental rebalance.
        private static readonly string[] Cooperative = ["dotnet", "librdkafka", "kcat", "librdkafka"];
        private readonly List<IChurnMember> _present = [];
        private readonly List<IChurnMember> _leaving = [];
        private readonly List<IDisposable> _all = [];

        public int Count => _present.Count;

        public int Joined { get; private set; }

        public int Killed { get; private set; }

        public void Join()
        {
            string[] kinds = settings.Strategy == "range" ? Range : Cooperative;
            string kind = kinds[Joined % kinds.Length];
            string name = $"{kind}-{Joined++}";
            IChurnMember member = kind switch
            {
                "dotnet" => ProcessMember.Confluent(name, broker, settings, history),
                "python" => new ForkedMember(server, "pure", name, broker, settings, history),
                "librdkafka" => new ForkedMember(server, "librdkafka", name, broker, settings, history),
                "kafkajs" => ProcessMember.KafkaJs(name, broker, settings, history),
                _ => new KcatMember(name, broker, settings, history),
            };
            _present.Add(member);
            if (member is IDisposable disposable) _all.Add(disposable);
        }

        public void Leave(Random random)
        {
            IChurnMember[] able = [.. _present.Where(member => member.CanLeave)];
            IChurnMember member = able[random.Next(able.Length)];
            _present.Remove(member);
            _leaving.Add(member);
            member.Leave();
        }

        public void Kill(Random random)
        {
            IChurnMember[] mortal = [.. _present.Where(member => member.CanBeKilled)];
            IChurnMember member = mortal[random.Next(mortal.Length)];
            _present.Remove(member);
            member.Kill();
            Killed++;
        }

        public async Task AllLeaveAsync()
        {
            foreach (IChurnMember member in _present) member.Leave();
            await Task.WhenAll(_present.Concat(_leaving).Select(member => member.WaitAsync()));
        }

        public void Dispose()
        {
            foreach (IDisposable member in _all) member.Dispose();
        }
    }

    /// <summary>Produces records at a steady pace and remembers where the acknowledged ones are.</summary>
    private sealed class SteadyRecords : IDisposable
    {
        private readonly List<TopicPartitionOffset> _acknowledged = [];
        private readonly IProducer<byte[]?, byte[]?> _producer;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _work;

        public SteadyRecords(BrokerProcess broker, string topic, int perSecond)
        {
            ProducerConfig config = Dotnet.ProducerConfig(broker);
            config.ReconnectBackoffMs = 20;
            config.ReconnectBackoffMaxMs = 200;
            _producer = new ProducerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
            _work = SendAsync(topic, perSecond);
        }

        public async Task<IReadOnlyCollection<TopicPartitionOffset>> StopAsync()
        {
            await _stop.CancelAsync();
            await _work;
            await Task.Run(() => Assert.Equal(0, _producer.Flush(Deadline.Default)));
            lock (_acknowledged) return [.. _acknowledged];
        }

        public void Dispose()
        {
            _stop.Cancel();
            _producer.Dispose();
            _stop.Dispose();
        }

        private async Task SendAsync(string topic, int perSecond)
        {
            using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            for (int number = 0; !_stop.IsCancellationRequested; await tick.WaitForNextTickAsync(CancellationToken.None))
            {
                for (int left = perSecond / 50; left > 0; left--, number++)
                {
                    var message = new Message<byte[]?, byte[]?> { Key = Encoding.ASCII.GetBytes($"k{number}"), Value = Encoding.ASCII.GetBytes($"v{number}") };
                    _producer.Produce(topic, message, report =>
                    {
                        if (report.Error.IsError) return;
                        lock (_acknowledged) _acknowledged.Add(report.TopicPartitionOffset);
                    });
                }
            }
        }
    }
}
