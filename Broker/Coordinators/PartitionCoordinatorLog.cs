using KBroker.Broker.Coordinators.Transactions;
using KBroker.Broker.Partitions;
using KBroker.LogEngine.Producers;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;

namespace KBroker.Broker.Coordinators;

/// <summary>A coordinator's log on a partition that this broker leads, for one term of leadership.</summary>
internal sealed class PartitionCoordinatorLog : ICoordinatorLog, IProgressWaiter, IDisposable
{
    private readonly Partition _partition;
    private readonly LeaderEpoch _epoch;
    private readonly TimeProvider _time;
    private readonly TimeSpan _commitTimeout;
    private readonly Action _progressed;
    private readonly RecordBatchBuilder _builder = new(new RecordBatchOptions());
    private readonly Queue<Waiting> _waiting = new();
    private readonly int _slot;
    private long _endOffset;
    private bool _anyWaits;

    /// <param name="partition">The partition.</param>
    /// <param name="epoch">The term: what another leader writes is not this coordinator's.</param>
    /// <param name="time">For the records' timestamps and the deadline of commits.</param>
    /// <param name="commitTimeout"><c>offsets.commit.timeout.ms</c></param>
    /// <param name="progressed">Called on any thread when what waits may be settled: calls <see cref="Settle"/> on the loop.</param>
    public PartitionCoordinatorLog(Partition partition, LeaderEpoch epoch, TimeProvider time, TimeSpan commitTimeout, Action progressed)
    {
        _partition = partition;
        _epoch = epoch;
        _time = time;
        _commitTimeout = commitTimeout;
        _progressed = progressed;
        _endOffset = partition.Log.LogEndOffset;
        _slot = partition.AddWaiter(this);
    }

    /// <summary>When the oldest commit that waits is given up, as a timestamp of the clock; null if none waits.</summary>
    public long? GiveUpAt => _waiting.TryPeek(out Waiting oldest) ? oldest.GiveUpAt : null;

    /// <inheritdoc/>
    public ErrorCode Append(IReadOnlyList<CoordinatorRecord> records) =>
        Append(records, new RecordBatchOptions(), new AppendTerms(AppendOrigin.Coordinator));

    /// <inheritdoc/>
    public ErrorCode Append(IReadOnlyList<CoordinatorRecord> records, in TransactionalProducer producer) => Append(
        records,
        new RecordBatchOptions { ProducerId = producer.ProducerId, ProducerEpoch = producer.ProducerEpoch, IsTransactional = true },
        new AppendTerms(AppendOrigin.Coordinator) { MustBeVerified = producer.MustBeVerified, VerificationGuard = producer.VerificationGuard });

    /// <summary>Appends the marker that ends a transaction's part in this partition, on the loop.</summary>
    public ErrorCode AppendMarker(TransactionEnd end) => !IsLeader ? ErrorCode.NotCoordinator : Append(
        TransactionMarkers.ToBatch(end, _time), new AppendTerms(AppendOrigin.Coordinator) { MarkerRaisesEpoch = end.RaisesEpoch });

    /// <inheritdoc/>
    public void WhenCommitted(Action<ErrorCode> then)
    {
        if (_waiting.Count == 0 && IsLeader && _partition.HighWatermark >= _endOffset)
        {
            then(ErrorCode.None);
            return;
        }

        _anyWaits = true;
        // What moves from here on sees the mark; what moved before, Settle sees.
        Interlocked.MemoryBarrier();
        _waiting.Enqueue(new Waiting(_endOffset, _time.GetTimestamp() + (long)(_commitTimeout.TotalSeconds * _time.TimestampFrequency), then));
        Settle();
    }

    /// <summary>Calls back whom it can, on the loop.</summary>
    public void Settle()
    {
        while (_waiting.TryPeek(out Waiting oldest))
        {
            ErrorCode error;
            if (!IsLeader) error = ErrorCode.NotCoordinator;
            else if (_partition.HighWatermark >= oldest.EndOffset) error = ErrorCode.None;
            else if (_time.GetTimestamp() >= oldest.GiveUpAt) error = ErrorCode.CoordinatorNotAvailable;
            else return;
            _waiting.Dequeue();
            oldest.Then(error);
        }

        _anyWaits = false;
    }

    /// <summary>Gives up what waits, on the loop: the term is over.</summary>
    public void End(ErrorCode error)
    {
        while (_waiting.TryDequeue(out Waiting waiting)) waiting.Then(error);
    }

    /// <inheritdoc/>
    public void OnProgress(Partition partition, long bytes, bool mustReread)
    {
        Interlocked.MemoryBarrier();
        if (_anyWaits) _progressed();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _partition.RemoveWaiter(this, _slot);
        _builder.Dispose();
    }

    private ErrorCode Append(IReadOnlyList<CoordinatorRecord> records, RecordBatchOptions options, in AppendTerms terms)
    {
        if (!IsLeader) return ErrorCode.NotCoordinator;
        long now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        _builder.Reset(options);
        foreach (CoordinatorRecord record in records) _builder.Append(now, record.Key, record.Value);
        return Append(_builder.ToArray(), terms);
    }

    private ErrorCode Append(byte[] batch, in AppendTerms terms)
    {
        PartitionAppendResult result = _partition.AppendAsLeader(batch, allReplicas: true, terms, only: _epoch);
        if (result.Error == ErrorCode.None) _endOffset = result.NextOffset;
        return ForClients(result.Error);
    }

    private bool IsLeader =>
        _partition.Leadership is { Role: PartitionRole.Leader } leadership && leadership.LeaderEpoch == _epoch;

    private static ErrorCode ForClients(ErrorCode error) => error switch
    {
        ErrorCode.None => ErrorCode.None,
        ErrorCode.NotEnoughReplicas or ErrorCode.UnknownTopicOrPartition or ErrorCode.RequestTimedOut => ErrorCode.CoordinatorNotAvailable,
        ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError or ErrorCode.FencedLeaderEpoch => ErrorCode.NotCoordinator,
        ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge => ErrorCode.UnknownServerError,
        _ => error,
    };

    private readonly record struct Waiting(long EndOffset, long GiveUpAt, Action<ErrorCode> Then);
}
