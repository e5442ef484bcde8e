using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Coordinators.Transactions;

/// <summary>A shard of transactional ids stepped by hand: a clock that the test moves, ids by number, a log in memory, scripted partitions.</summary>
internal sealed class TransactionRig
{
    public const string Id = "x";
    private const long FirstProducerId = 100;

    private readonly Queue<Action> _posted = new();

    public TransactionRig(TransactionConfig? config = null)
    {
        Config = config ?? new TransactionConfig();
        Budget = new TransactionBudget(() => Config.MaxBytes);
        Shard = NewShard();
        Shard.Start();
    }

    public TransactionConfig Config { get; set; }

    public long WallClockMs { get; set; } = 1_700_000_000_000;

    public int CoordinatorEpoch { get; private set; } = 5;

    public CountingIds Ids { get; } = new(FirstProducerId);

    public TransactionBudget Budget { get; }

    public ScriptedMarkers Markers { get; } = new();

    /// <summary>Work that the shard has given to others, and that the test runs.</summary>
    public Queue<Action> Long { get; } = new();

    public bool HoldsLong { get; set; }

    public HashSet<string> DeletedTopics { get; } = [];

    public MemoryCoordinatorLog Log { get; private set; } = new();

    public CoordinatorTimers Timers { get; private set; } = new();

    public TransactionShard Shard { get; private set; }

    public TransactionMetadata Transaction => Get(Id);

    public static TopicPartition P(int partition, string topic = "t") => new(topic, partition);

    public TransactionMetadata Get(string id) =>
        Shard.TryGet(id, out TransactionMetadata? metadata) ? metadata : throw new InvalidOperationException($"{id} is not known");

    /// <summary>What the coordinator asked for comes back to it.</summary>
    public void Deliver()
    {
        while (_posted.TryDequeue(out Action? work)) work();
    }

    /// <summary>Time passes, and what is due happens, deadline by deadline.</summary>
    public void Advance(long milliseconds)
    {
        long until = Timers.NowMs + milliseconds;
        while (Timers.NextMs is { } next && next <= until)
        {
            WallClockMs += Math.Max(next - Timers.NowMs, 0);
            Timers.RunDue(next);
            Deliver();
        }

        WallClockMs += until - Timers.NowMs;
        Timers.RunDue(until);
        Deliver();
    }

    /// <summary>The shard moves: another coordinator replays the log.</summary>
    public void Move(long pauseMs = 0)
    {
        Shard.End(ErrorCode.NotCoordinator);
        MemoryCoordinatorLog old = Log;
        old.Commit(ErrorCode.NotCoordinator);
        WallClockMs += pauseMs;
        long now = Timers.NowMs + pauseMs;
        (Log, Timers) = (new MemoryCoordinatorLog(), new CoordinatorTimers());
        Log.Records.AddRange(old.Records);
        Timers.AdvanceTo(now);
        CoordinatorEpoch++;
        Shard = NewShard();
        foreach (CoordinatorRecord record in old.Records) Shard.Replay(record, -1);
        Shard.Start();
        Deliver();
    }

    public Answer<Granted> Initialize(ProducerIdentity? expected = null, string id = Id, int timeoutMs = 60_000)
    {
        var answer = new Answer<Granted>();
        Shard.InitializeProducer(id, timeoutMs, expected, (error, producer) => answer.Set(new Granted(error, producer)));
        Deliver();
        return answer;
    }

    public ProducerIdentity Start(string id = Id, int timeoutMs = 60_000)
    {
        Granted granted = Initialize(null, id, timeoutMs).Value;
        Assert.Equal(ErrorCode.None, granted.Error);
        return granted.Producer;
    }

    public Answer<Refused> Add(ProducerIdentity producer, short version, params TopicPartition[] partitions) => AddTo(Id, producer, version, partitions);

    public Answer<Refused> AddTo(string id, ProducerIdentity producer, short version, params TopicPartition[] partitions)
    {
        var answer = new Answer<Refused>();
        Shard.AddPartitions(id, producer, partitions, version, error => answer.Set(new Refused(error)));
        Deliver();
        return answer;
    }

    public ErrorCode[] Verify(ProducerIdentity producer, params TopicPartition[] partitions)
    {
        var answer = new Answer<ErrorCode[]>();
        Shard.Verify(Id, producer, partitions, answer.Set);
        return answer.Value;
    }

    public Answer<Granted> End(ProducerIdentity producer, bool commit, short version, string id = Id)
    {
        var answer = new Answer<Granted>();
        Shard.EndTransaction(id, producer, commit, version, (error, after) => answer.Set(new Granted(error, after)));
        Deliver();
        return answer;
    }

    /// <summary>A transaction that is open, over the partitions 0 and 1.</summary>
    public ProducerIdentity Open(short version)
    {
        ProducerIdentity producer = Start();
        Assert.Equal(ErrorCode.None, Add(producer, version, P(0), P(1)).Value.Error);
        return producer;
    }

    private TransactionShard NewShard() => new(
        new CoordinatorTerm(Log, Timers, new LeaderEpoch(CoordinatorEpoch), _posted.Enqueue),
        new TransactionServices(
            Markers, Ids, Budget, () => Config, () => WallClockMs, partition => !DeletedTopics.Contains(partition.Topic), NullLogger.Instance)
        {
            RunLong = work =>
            {
                if (HoldsLong) Long.Enqueue(work);
                else work();
            },
        });

    internal sealed record Granted(ErrorCode Error, ProducerIdentity Producer);

    internal sealed record Refused(ErrorCode Error);

    internal sealed class CountingIds(long first) : IProducerIds
    {
        private long _next = first;

        public bool HasNone { get; set; }

        public bool TryTake(out long producerId)
        {
            producerId = HasNone ? -1 : _next++;
            return !HasNone;
        }
    }

    /// <summary>Partitions that confirm at once, unless the test holds their answers back or gives others.</summary>
    internal sealed class ScriptedMarkers : ITransactionMarkers
    {
        public List<TransactionEnd> Sent { get; } = [];

        public Queue<(TransactionEnd End, Action<IReadOnlyList<ErrorCode>> Done)> Held { get; } = new();

        public bool Holds { get; set; }

        public Dictionary<TopicPartition, ErrorCode> Errors { get; } = [];

        public void Write(TransactionEnd end, Action<IReadOnlyList<ErrorCode>> done)
        {
            Sent.Add(end);
            if (Holds) Held.Enqueue((end, done));
            else done(Answers(end));
        }

        public ErrorCode[] Answers(TransactionEnd end) => [.. end.Partitions.Select(partition => Errors.GetValueOrDefault(partition))];
    }
}
