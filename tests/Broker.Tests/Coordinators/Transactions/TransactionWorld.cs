using System.Globalization;
using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Coordinators.Transactions;

/// <summary>One schedule of producers, their zombies, a coordinator that moves, and partitions, from a seed.</summary>
internal sealed class TransactionWorld
{
    public const int Partitions = 4;

    private readonly int _seed;
    private readonly Random _random;
    private readonly TransactionConfig _config;
    private readonly TransactionBudget _budget = new(static () => long.MaxValue);
    private readonly TransactionRig.CountingIds _ids = new(1_000);
    private readonly Dictionary<TopicPartition, ModelPartition> _partitions = Enumerable.Range(0, Partitions).ToDictionary(At, _ => new ModelPartition());
    private readonly ModelMarkers _markers;
    private readonly List<ModelProducer> _producers = [];
    private readonly List<ModelTransaction> _transactions = [];
    private readonly Dictionary<ProducerIdentity, int> _owners = [];
    private readonly Dictionary<string, int> _newest = [];
    private readonly Dictionary<long, string> _idOwners = [];
    private readonly List<(TransactionShard Shard, ScheduledLog Log)> _deposed = [];
    private readonly List<string> _notes = [];
    private readonly Queue<Action> _posted = new();
    private ScheduledLog _log;
    private CoordinatorTimers _timers = new();
    private long _wallClockMs = 1_700_000_000_000;
    private int _coordinatorEpoch = 3;
    private int _lives;

    public TransactionWorld(int seed)
    {
        _seed = seed;
        _random = new Random(seed);
        _config = new TransactionConfig { IdExpirationMs = _random.Next(3) == 0 ? 120_000 : 604_800_000, RemoveExpiredIntervalMs = 30_000 };
        _markers = new ModelMarkers(_random, _partitions, Note);
        // One id has few epochs left.
        _log = new ScheduledLog([TransactionRecords.Write(NearTheEnd("tx-0", 50))], 1);
        Shard = Load(_log);
    }

    public TransactionShard Shard { get; private set; }

    /// <summary>How many transactions were acknowledged: a schedule in which nothing happens shows nothing.</summary>
    public int Acknowledged => _transactions.Count(transaction => transaction.Acknowledged is not null);

    public static TopicPartition At(int partition) => new("t", partition);

    public ModelPartition PartitionAt(TopicPartition at) => _partitions[at];

    public int Newest(string transactionalId) => _newest.GetValueOrDefault(transactionalId, -1);

    /// <summary>What happened, for whoever looks into a schedule that fails.</summary>
    public void Note(string what) => _notes.Add(what);

    /// <summary>Whether a producer id was given before.</summary>
    public bool IsKnown(long producerId) => _idOwners.ContainsKey(producerId);

    public ModelTransaction Begin(ModelProducer producer)
    {
        var transaction = new ModelTransaction($"{_transactions.Count} of {producer.TransactionalId}, process {producer.Number}");
        _transactions.Add(transaction);
        return transaction;
    }

    /// <summary>A producer was given an identity.</summary>
    /// <param name="producer">The process.</param>
    /// <param name="identity">The identity.</param>
    /// <param name="continued">The life it goes on with; null for a new one.</param>
    /// <returns>The number of the life.</returns>
    public int Granted(ModelProducer producer, ProducerIdentity identity, int? continued)
    {
        Assert.True(identity is { Id: >= 0, Epoch: >= 0 and <= ProducerIdentity.LastEpoch }, $"{identity} was given");
        if (!_idOwners.TryAdd(identity.Id, producer.TransactionalId)) Assert.Equal(_idOwners[identity.Id], producer.TransactionalId);
        int life = continued ?? _lives++;
        if (!_owners.TryAdd(identity, life))
            Assert.True(_owners[identity] == continued, $"{identity} was given to process {producer.Number} and to another");
        if (continued is not null) return life;
        Assert.DoesNotContain(_owners.Keys, other => other.Id == identity.Id && other.Epoch > identity.Epoch);
        _newest[producer.TransactionalId] = life;
        return life;
    }

    public static void Ended(ModelTransaction? transaction, bool commit)
    {
        if (transaction is null) return;
        Assert.True(transaction.Acknowledged is null || transaction.Acknowledged == commit, $"the end of transaction {transaction.Name} changed");
        transaction.Acknowledged = commit;
    }

    public void Run()
    {
        try
        {
            for (int step = 0; step < 600; step++) Step();
            Settle();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {_seed.ToString(CultureInfo.InvariantCulture)}: {e.Message}\n{string.Join('\n', _notes)}", e);
        }
    }

    private void Step()
    {
        switch (_random.Next(28))
        {
            case 0 when _producers.Count < 6:
                int id = _random.Next(2);
                _producers.Add(new ModelProducer(this, $"tx-{id}", _producers.Count, (short)(_random.Next(2) * 2)));
                break;
            case 1 when _producers.Count > 0:
                Any().LoseAnswer();
                break;
            case 2 when _random.Next(3) == 0:
                Move();
                break;
            case 3:
                _log.Refusal = _random.Next(3) == 0 ? ErrorCode.CoordinatorNotAvailable : ErrorCode.None;
                break;
            case 4:
                _log.TimeOut();
                break;
            case 5:
                _markers.Refuses = _random.Next(3) == 0;
                break;
            case 6:
                _ids.HasNone = _random.Next(4) == 0;
                break;
            case 7:
                Advance(_random.Next(1, 30) == 1 ? 150_000 : _random.Next(1, 4_000));
                break;
            case 8 when _deposed.Count > 0:
                (TransactionShard shard, ScheduledLog log) = _deposed[_random.Next(_deposed.Count)];
                shard.Timers.RunDue(shard.Timers.NowMs + _random.Next(40_000));
                if (_random.Next(2) == 0) EndTerm(shard, log);
                break;
            case 9 or 10 or 11:
                _log.CommitTo(_random.Next(_log.Committed, _log.Records.Count + 1));
                break;
            case 12 or 13:
                _markers.Step();
                break;
            case 14:
                Deliver(_random.Next(3));
                break;
            default:
                if (_producers.Count > 0) Any().Act(_random);
                break;
        }

        if (_random.Next(3) > 0) _log.CommitTo(_log.Records.Count);
        if (_random.Next(3) > 0) Deliver(int.MaxValue);
    }

    // The world heals, and everybody stops: what was begun is ended one way or the other.
    private void Settle()
    {
        (_log.Refusal, _markers.Refuses, _markers.IsHealed, _ids.HasNone) = (ErrorCode.None, false, true, false);
        foreach ((TransactionShard shard, ScheduledLog log) in _deposed.ToList()) EndTerm(shard, log);
        for (int round = 0; round < 60; round++)
        {
            Advance(2_000);
            _log.CommitTo(_log.Records.Count);
            for (int i = 0; i < 10; i++) _markers.Step();
            Deliver(int.MaxValue);
        }

        Assert.All(Shard.Transactions, transaction => Assert.True(transaction.IsIdle, $"{transaction.TransactionalId} hangs in {transaction.State}"));
        Assert.All(_partitions, partition => Assert.False(partition.Value.HasOpen, $"a transaction hangs in {partition.Key}"));
        foreach (ModelTransaction transaction in _transactions)
        {
            bool?[] outcomes = [.. transaction.Writes.Select(write => write.Committed).Distinct()];
            Assert.True(outcomes.Length <= 1, $"transaction {transaction.Name} is torn");
            if (outcomes.Length == 0) continue;
            Assert.NotNull(outcomes[0]);
            if (transaction.Acknowledged is { } commit) Assert.True(outcomes[0] == commit, $"transaction {transaction.Name} was acknowledged as {(commit ? "committed" : "aborted")} and is not");
        }

        AssertReplayIsTheSame(_log.Records);
    }

    private void Move()
    {
        ScheduledLog old = _log;
        (TransactionShard Shard, ScheduledLog Log) deposed = (Shard, old);
        int kept = _random.Next(2) == 0 ? old.Records.Count : _random.Next(old.Committed, old.Records.Count + 1);
        if (kept == old.Records.Count) AssertReplayIsTheSame(old.Records);
        _log = new ScheduledLog(old.Records.Take(kept), _random.Next(old.Committed, kept + 1));
        old.IsDeposed = true;
        long now = _timers.NowMs;
        _timers = new CoordinatorTimers();
        _timers.AdvanceTo(now);
        _coordinatorEpoch++;
        _deposed.Add(deposed);
        if (_random.Next(2) == 0) EndTerm(deposed.Shard, deposed.Log);
        Shard = Load(_log);
    }

    private void EndTerm(TransactionShard shard, ScheduledLog log)
    {
        shard.End(ErrorCode.NotCoordinator);
        log.End(ErrorCode.NotCoordinator);
        _deposed.Remove((shard, log));
    }

    private TransactionShard Load(ScheduledLog log)
    {
        TransactionShard shard = NewShard(log, _timers, log);
        shard.Start();
        return shard;
    }

    // Committed or not, the live state is that of the log.
    private void AssertReplayIsTheSame(List<CoordinatorRecord> records)
    {
        TransactionShard replayed = NewShard(new ScheduledLog(records, 0), new CoordinatorTimers(), new ScheduledLog(records, 0));
        Assert.Equal(Dump(Shard), Dump(replayed));
    }

    private TransactionShard NewShard(ScheduledLog log, CoordinatorTimers timers, ScheduledLog from)
    {
        var shard = new TransactionShard(
            new CoordinatorTerm(log, timers, new LeaderEpoch(_coordinatorEpoch), _posted.Enqueue),
            new TransactionServices(_markers, _ids, _budget, () => _config, () => _wallClockMs, static _ => true, NullLogger.Instance));
        foreach (CoordinatorRecord record in from.Records) shard.Replay(record, -1);
        return shard;
    }

    private void Advance(long milliseconds)
    {
        long until = _timers.NowMs + milliseconds;
        while (_timers.NextMs is { } next && next <= until) _timers.RunDue(next);
        _timers.RunDue(until);
        _wallClockMs += milliseconds;
    }

    private void Deliver(int most)
    {
        while (most-- > 0 && _posted.TryDequeue(out Action? work)) work();
    }

    private ModelProducer Any() => _producers[_random.Next(_producers.Count)];

    private static string Dump(TransactionShard shard) => string.Join('\n', shard.Transactions
        .OrderBy(transaction => transaction.TransactionalId, StringComparer.Ordinal)
        .Select(transaction => $"{transaction.TransactionalId} {transaction.State} {Convert.ToHexString(TransactionRecords.Write(transaction).Value!)}"));

    private static TransactionMetadata NearTheEnd(string transactionalId, long producerId) => new()
    {
        TransactionalId = transactionalId,
        Producer = new ProducerIdentity(producerId, ProducerIdentity.LastEpoch - 4),
        PreviousProducerId = producerId,
        TimeoutMs = 60_000,
        State = TransactionState.CompleteCommit,
        StartTimestampMs = 1_700_000_000_000,
        LastUpdateTimestampMs = 1_700_000_000_000,
    };
}
