using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Tests.Coordinators.Transactions;

/// <summary>A transaction as its producer knows it.</summary>
internal sealed class ModelTransaction(string name)
{
    public string Name => name;

    public List<ModelWrite> Writes { get; } = [];

    /// <summary>How it was acknowledged; null if it was not.</summary>
    public bool? Acknowledged { get; set; }
}

/// <summary>
/// One process with a transactional id: initializes itself, adds partitions, writes, ends. Asks again when answers are lost or retriable,
/// and begins anew, as itself or as another process, when it is refused for good. Goes on also when it has been replaced.
/// </summary>
internal sealed class ModelProducer(TransactionWorld world, string transactionalId, int number, short version)
{
    // What it goes on from, and the number of its life: another process with the id, or this one without, begins another.
    private ProducerIdentity? _expected;
    private ProducerIdentity? _me;
    private ModelTransaction? _transaction;
    private TopicPartition? _adding;
    private (TopicPartition At, int Guard)? _writing;
    private bool? _ending;
    private bool _isWaiting;
    private int _request;
    private int _incarnation = -1;

    public string TransactionalId => transactionalId;

    public int Number => number;

    /// <summary>The answer it waits for is lost.</summary>
    public void LoseAnswer()
    {
        _isWaiting = false;
        _request++;
    }

    public void Act(Random random)
    {
        if (_isWaiting) return;
        if (_me is not { } me) Initialize();
        else if (_ending is { } commit) End(me, commit);
        else if (_writing is { } write) Write(me, write.At, write.Guard);
        else if (_adding is { } at) Add(me, at);
        else if (_transaction is not null && random.Next(3) == 0) _ending = random.Next(2) == 0;
        else if (version == 2 && _transaction is null && random.Next(8) == 0) _ending = false;
        else
        {
            _transaction ??= world.Begin(this);
            _adding = TransactionWorld.At(random.Next(TransactionWorld.Partitions));
        }
    }

    private void Initialize()
    {
        int request = Ask();
        ProducerIdentity? expected = _expected;
        world.Shard.InitializeProducer(transactionalId, 5_000, expected, (error, producer) =>
        {
            Note($"initialized from {expected}: {error} {producer}");
            int incarnation = error == ErrorCode.None ? world.Granted(this, producer, Continues(expected, producer) ? _incarnation : null) : -1;
            if (!Answered(request)) return;
            if (error == ErrorCode.None) (_me, _incarnation) = (producer, incarnation);
            else if (!IsRetriable(error)) _expected = null;
        });
    }

    private void Add(ProducerIdentity me, TopicPartition at)
    {
        int request = Ask();
        // Before the coordinator is asked: what is ended meanwhile is not written to.
        int guard = world.PartitionAt(at).Guard(me.Id);
        world.Shard.AddPartitions(transactionalId, me, [at], version, error =>
        {
            if (!Answered(request)) return;
            if (error == ErrorCode.None) (_adding, _writing) = (null, (at, guard));
            else if (!IsRetriable(error)) StartOver(error);
        });
    }

    private void Write(ProducerIdentity me, TopicPartition at, int guard)
    {
        _writing = null;
        if (version == 2)
        {
            Append(me, at, guard);
            return;
        }

        int request = Ask();
        guard = world.PartitionAt(at).Guard(me.Id);
        world.Shard.Verify(transactionalId, me, [at], errors =>
        {
            if (!Answered(request)) return;
            if (errors[0] == ErrorCode.None) Append(me, at, guard);
            else if (!IsRetriable(errors[0])) StartOver(errors[0]);
        });
    }

    private void Append(ProducerIdentity me, TopicPartition at, int guard)
    {
        var write = new ModelWrite();
        ErrorCode error = world.PartitionAt(at).Append(me, guard, write);
        Note($"wrote to {at} in {_transaction!.Name} as {me}: {error}");
        if (error == ErrorCode.None) _transaction!.Writes.Add(write);
        else StartOver(error);
    }

    private void End(ProducerIdentity me, bool commit)
    {
        int request = Ask();
        int newest = world.Newest(transactionalId);
        int incarnation = _incarnation;
        ModelTransaction? transaction = _transaction;
        world.Shard.EndTransaction(transactionalId, me, commit, version, (error, after) =>
        {
            Note($"{(commit ? "commit" : "abort")} of {transaction?.Name ?? "nothing"} as {me}: {error} {after}");
            if (error == ErrorCode.None)
            {
                Assert.True(newest <= incarnation, $"process {number} ended a transaction though another had replaced it");
                TransactionWorld.Ended(transaction, commit);
                if (version == 2) world.Granted(this, after, incarnation);
            }

            if (!Answered(request)) return;
            if (error == ErrorCode.None)
            {
                (_transaction, _ending) = (null, null);
                if (version == 2) _me = after;
            }
            else if (!IsRetriable(error))
            {
                StartOver(error);
            }
        });
    }

    private void StartOver(ErrorCode error)
    {
        // Some errors leave a producer its place, if nobody has taken it (KIP-360).
        _expected = error is ErrorCode.InvalidTxnState or ErrorCode.InvalidProducerEpoch or ErrorCode.ProducerFenced ? _me : null;
        (_me, _transaction, _adding, _writing, _ending) = (null, null, null, null, null);
    }

    // An id that was forgotten meanwhile is begun anew.
    private bool Continues(ProducerIdentity? expected, ProducerIdentity granted) =>
        expected is { } before && (before.Id == granted.Id || before.IsExhausted || world.IsKnown(granted.Id));

    private void Note(string what) => world.Note($"process {number} of {transactionalId}, version {version}: {what}");

    private int Ask()
    {
        _isWaiting = true;
        return ++_request;
    }

    private bool Answered(int request)
    {
        if (request != _request) return false;
        _isWaiting = false;
        return true;
    }

    private static bool IsRetriable(ErrorCode error) =>
        error is ErrorCode.ConcurrentTransactions or ErrorCode.CoordinatorNotAvailable or ErrorCode.NotCoordinator or ErrorCode.CoordinatorLoadInProgress;
}
