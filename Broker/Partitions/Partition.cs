using System.Diagnostics;
using KBroker.LogEngine;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Epochs;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Storage;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Partitions;

/// <summary>
/// One replica on this broker: its log, its role, and how far the cluster has it. Decides who may append and how far a reader
/// may see; the log itself knows neither.
/// </summary>
/// <remarks>
/// Changes happen under the log's gate, the partition's one lock: never two partitions' gates at once, no await and no callback
/// inside. Readers take no lock. <c>LogStartOffset ≤ LastStableOffset ≤ HighWatermark ≤ LogEndOffset</c> holds whenever the gate
/// is free.
/// </remarks>
public sealed class Partition
{
    private const string NoRoom = "The disk of the log directory has less free space than it must keep (kbroker.log.dir.free.low.bytes); nothing was written. Writes are taken again when there is room.";

    private readonly ProgressWaiters _waiters = new();
    private readonly BrokerId _self;
    private volatile PartitionLeadership _leadership;
    private volatile PartitionSettings _settings;
    private bool _isOffline;
    private long _highWatermark;
    private long _hiddenBytes;

    /// <summary>A replica whose part in the partition is not known yet.</summary>
    /// <param name="self">This broker.</param>
    /// <param name="topicId">The topic's id; the log of older data may not know it.</param>
    /// <param name="log">The replica's log.</param>
    /// <param name="highWatermark">The high watermark from the last checkpoint, 0 if there is none.</param>
    /// <param name="settings">What the topic asks for.</param>
    public Partition(BrokerId self, Guid topicId, PartitionLog log, long highWatermark, PartitionSettings settings)
    {
        ArgumentNullException.ThrowIfNull(log);
        _self = self;
        TopicId = topicId;
        Log = log;
        _settings = settings;
        _highWatermark = Math.Clamp(highWatermark, log.LogStartOffset, log.LogEndOffset);
        log.AdvanceCommittedEnd(_highWatermark);
        _leadership = PartitionLeadership.Unknown;
        log.Flushed = OnFlushed;
    }

    /// <summary>Topic and number.</summary>
    public TopicPartition TopicPartition => Log.TopicPartition;

    /// <summary>The topic's id.</summary>
    public Guid TopicId { get; }

    /// <summary>The replica's log.</summary>
    public PartitionLog Log { get; }

    /// <summary>What the controller decided last.</summary>
    public PartitionLeadership Leadership => _leadership;

    /// <summary>What the topic asks for.</summary>
    public PartitionSettings Settings => _settings;

    /// <summary>The end of what consumers may read, exclusive.</summary>
    public long HighWatermark => Volatile.Read(ref _highWatermark);

    /// <summary>The end of what read_committed consumers may read, exclusive: no transaction is open below it.</summary>
    public long LastStableOffset => Log.LastStableOffset;

    /// <summary>The first offset there is.</summary>
    public long LogStartOffset => Log.LogStartOffset;

    /// <summary>Puts new topic settings in force.</summary>
    public void UpdateSettings(PartitionSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        lock (Log.Gate)
        {
            _settings = settings;
            Log.UpdateConfig(settings.Log);
            if (_leadership.Role == PartitionRole.Leader) AdvanceHighWatermark();
        }

        RequestFlushIfHidden();
        _waiters.Signal(this, 0, mustReread: true);
    }

    /// <summary>
    /// What an append is answered with: nothing yet (null), success once it is on the disk where the topic asks for that and, with
    /// <paramref name="allReplicas"/>, below the high watermark, or why it may not survive.
    /// </summary>
    /// <param name="nextOffset">Where it ended, exclusive.</param>
    /// <param name="epoch">The leader's term as it was before the append: in another one, these offsets may be other records'.</param>
    /// <param name="allReplicas">Whether acks=all is asked for.</param>
    public ErrorCode? Acknowledgement(long nextOffset, LeaderEpoch epoch, bool allReplicas)
    {
        if (!allReplicas && nextOffset > Log.FlushDueEnd) return ErrorCode.None;
        // The offsets before the role: a log that is cut afterwards was this term's when they covered the append.
        bool done = nextOffset <= HighWatermark || !allReplicas;
        done &= nextOffset <= Log.RecoveryPoint || nextOffset > Log.FlushDueEnd;
        PartitionLeadership leadership = _leadership;
        if (leadership.Role != PartitionRole.Leader) return ErrorOf(leadership.Role);
        if (leadership.LeaderEpoch != epoch) return ErrorCode.NotLeaderOrFollower;
        return done ? ErrorCode.None : null;
    }

    /// <summary>
    /// Takes over a decision of the controller, unless a newer one is in force. A new leader starts its epoch at its log end.
    /// </summary>
    public void Apply(PartitionLeadership decision)
    {
        ArgumentNullException.ThrowIfNull(decision);
        lock (Log.Gate)
        {
            PartitionLeadership current = _leadership;
            if (decision.LeaderEpoch.Value < current.LeaderEpoch.Value
                || (decision.LeaderEpoch == current.LeaderEpoch && decision.PartitionEpoch.Value < current.PartitionEpoch.Value))
            {
                return;
            }

            // A failed log does not come back while this process lives, whatever the controller decides.
            if (_isOffline || !Log.IsOpen)
            {
                _leadership = decision with { Role = PartitionRole.Offline };
                return;
            }

            bool newTerm = decision.LeaderEpoch != current.LeaderEpoch;
            if (newTerm && decision.Role == PartitionRole.Leader) Log.StartEpoch(decision.LeaderEpoch);
            _leadership = decision;
            if (decision.Role == PartitionRole.Leader) AdvanceHighWatermark();
        }

        RequestFlushIfHidden();
        _waiters.Signal(this, 0, mustReread: true);
    }

    /// <summary>
    /// Appends one validated batch as leader; one that its producer has sent before is answered as the first time. With <paramref name="allReplicas"/> the append is refused unless enough replicas
    /// are in sync. When it may be acknowledged, <see cref="Acknowledgement"/> says.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="allReplicas">Whether acks=all is asked for.</param>
    /// <param name="origin">Who writes. A disk that runs short of space refuses clients first.</param>
    public PartitionAppendResult AppendAsLeader(Span<byte> batch, bool allReplicas, AppendOrigin origin = AppendOrigin.Client) =>
        AppendAsLeader(batch, allReplicas, new AppendTerms(origin));

    /// <inheritdoc cref="AppendAsLeader(Span{byte}, bool, AppendOrigin)"/>
    /// <param name="batch">The batch.</param>
    /// <param name="allReplicas">Whether acks=all is asked for.</param>
    /// <param name="terms">Who writes, and what is known of its transaction.</param>
    /// <param name="only">The one epoch to append in: what was decided in an earlier one gets NOT_LEADER_OR_FOLLOWER. Null for whichever is in force.</param>
    public PartitionAppendResult AppendAsLeader(Span<byte> batch, bool allReplicas, in AppendTerms terms, LeaderEpoch? only = null)
    {
        LogAppendResult appended;
        long shown = 0;
        try
        {
            lock (Log.Gate)
            {
                PartitionLeadership leadership = _leadership;
                if (leadership.Role != PartitionRole.Leader) return PartitionAppendResult.Failed(ErrorOf(leadership.Role));
                if (only is { } epoch && epoch != leadership.LeaderEpoch) return PartitionAppendResult.Failed(ErrorCode.NotLeaderOrFollower);
                if (terms.Origin == AppendOrigin.Client && Log.SpaceLevel != DiskSpaceLevel.Ample)
                    return PartitionAppendResult.Failed(ErrorCode.KafkaStorageError, NoRoom);
                if (allReplicas && leadership.InSyncReplicas.Length < _settings.MinInSyncReplicas)
                {
                    return PartitionAppendResult.Failed(
                        ErrorCode.NotEnoughReplicas,
                        $"The size of the current ISR ({leadership.InSyncReplicas.Length}) is insufficient to satisfy the min.isr requirement of {_settings.MinInSyncReplicas} for partition {TopicPartition}.");
                }

                appended = Log.AppendAsLeader(batch, leadership.LeaderEpoch, terms);
                if (appended.Status == AppendStatus.Appended)
                {
                    _hiddenBytes += batch.Length;
                    shown = AdvanceHighWatermark();
                }
            }
        }
        catch (StorageException e)
        {
            return PartitionAppendResult.Failed(ErrorCode.KafkaStorageError, e.Message);
        }

        // Without the gate: it may wake a thread.
        if (appended.NextOffset <= Log.FlushDueEnd) Log.RequestFlush();
        if (shown > 0) _waiters.Signal(this, shown, mustReread: false);
        return appended.Status switch
        {
            AppendStatus.Appended or AppendStatus.Duplicate => new(ErrorCode.None, appended.FirstOffset, appended.NextOffset, appended.LogAppendTime, appended.LogStartOffset),
            AppendStatus.MessageTooLarge => PartitionAppendResult.Failed(ErrorCode.MessageTooLarge),
            AppendStatus.RecordListTooLarge => PartitionAppendResult.Failed(ErrorCode.RecordListTooLarge),
            AppendStatus.OutOfOrderSequence => PartitionAppendResult.Failed(
                ErrorCode.OutOfOrderSequenceNumber, "The sequence does not follow the producer's last one in this partition."),
            AppendStatus.InvalidProducerEpoch => PartitionAppendResult.Failed(
                ErrorCode.InvalidProducerEpoch, "A later epoch of the producer has written to this partition."),
            AppendStatus.InvalidTransactionState => PartitionAppendResult.Failed(
                ErrorCode.InvalidTxnState, "The producer has a transaction open in this partition, and the batch is not of it."),
            AppendStatus.VerificationRequired => PartitionAppendResult.Unverified,
            AppendStatus.TransactionCoordinatorFenced => PartitionAppendResult.Failed(ErrorCode.TransactionCoordinatorFenced),
            _ => throw new UnreachableException($"a leader's append ended as {appended.Status}"),
        };
    }

    /// <summary>
    /// Before a producer's coordinator is asked whether its transaction is open: see <see cref="PartitionLog.TryStartVerification"/>.
    /// </summary>
    /// <param name="producerId">The producer.</param>
    /// <param name="epoch">The epoch of its batch.</param>
    /// <param name="sequence">The first sequence of its batch; -1 for a coordinator's.</param>
    /// <param name="bumpsEpoch">Whether its epoch rises with each transaction (KIP-890).</param>
    /// <param name="guard">What to append with afterwards; 0 if nobody need be asked.</param>
    /// <returns>Why it may not write at all: this broker does not lead, its disk failed, or INVALID_PRODUCER_EPOCH.</returns>
    public ErrorCode StartVerification(long producerId, short epoch, int sequence, bool bumpsEpoch, out long guard)
    {
        guard = 0;
        try
        {
            lock (Log.Gate)
            {
                PartitionRole role = _leadership.Role;
                if (role != PartitionRole.Leader) return ErrorOf(role);
                return Log.TryStartVerification(producerId, epoch, sequence, bumpsEpoch, out guard) ? ErrorCode.None : ErrorCode.InvalidProducerEpoch;
            }
        }
        catch (StorageException)
        {
            return ErrorCode.KafkaStorageError;
        }
    }

    /// <summary>Reads batches for a consumer. Takes no lock; a reader that knows another epoch is refused (KIP-320).</summary>
    public PartitionReadResult Read(in PartitionReadRequest request)
    {
        PartitionLeadership leadership = _leadership;
        ErrorCode error = CheckReader(leadership, request.CurrentLeaderEpoch);
        if (error != ErrorCode.None) return PartitionReadResult.Failed(error);

        if (request.LastFetchedEpoch != LeaderEpoch.Unknown
            && FindDivergence(request, out PartitionReadResult diverged))
        {
            return diverged;
        }

        try
        {
            // The bounds are taken before the log is read: what they cover is there.
            long lastStableOffset = LastStableOffset;
            long highWatermark = HighWatermark;
            bool isCommitted = request.Isolation == ReadIsolation.ReadCommitted;
            LogReadResult read = Log.Read(
                request.Offset, request.MaxBytes, request.MinOneBatch, isCommitted ? lastStableOffset : highWatermark, withAborted: isCommitted, skipEmptied: true);
            if (read.Status != LogReadStatus.Ok) return PartitionReadResult.Failed(ErrorCode.OffsetOutOfRange);
            if (_leadership.LeaderEpoch != leadership.LeaderEpoch)
            {
                // The log may have been cut under this read.
                read.Slice?.Dispose();
                return PartitionReadResult.Failed(ErrorCode.NotLeaderOrFollower);
            }

            return new PartitionReadResult(ErrorCode.None, read.Slice, highWatermark, lastStableOffset, read.LogStartOffset)
            {
                AbortedTransactions = read.AbortedTransactions,
            };
        }
        catch (StorageException)
        {
            return PartitionReadResult.Failed(ErrorCode.KafkaStorageError);
        }
    }

    /// <summary>
    /// Why a reader that knows <paramref name="knownEpoch"/> is refused: not the leader, or another epoch (74 the reader's is
    /// old, 75 it is newer than this broker's); <see cref="ErrorCode.None"/> if it may read.
    /// </summary>
    public ErrorCode CheckReader(LeaderEpoch knownEpoch) => CheckReader(_leadership, knownEpoch);

    /// <summary>
    /// Raises the log start (DeleteRecords). An offset of -1 stands for the high watermark.
    /// </summary>
    /// <param name="offset">The first offset to keep.</param>
    /// <param name="logStartOffset">The log start afterwards.</param>
    public ErrorCode DeleteRecordsBefore(long offset, out long logStartOffset)
    {
        logStartOffset = -1;
        try
        {
            lock (Log.Gate)
            {
                PartitionLeadership leadership = _leadership;
                if (leadership.Role != PartitionRole.Leader) return ErrorOf(leadership.Role);
                long target = offset == -1 ? HighWatermark : offset;
                if (target < 0 || target > HighWatermark) return ErrorCode.OffsetOutOfRange;
                Log.AdvanceLogStartOffset(target);
                logStartOffset = Log.LogStartOffset;
            }
        }
        catch (StorageException)
        {
            return ErrorCode.KafkaStorageError;
        }

        _waiters.Signal(this, 0, mustReread: true);
        return ErrorCode.None;
    }

    /// <summary>Retention raised the log start: who waits learns of it.</summary>
    public void OnLogStartRaised() => _waiters.Signal(this, 0, mustReread: true);

    /// <summary>Takes the partition out of service: the log is failed, closed or deleted.</summary>
    public void GoOffline()
    {
        lock (Log.Gate)
        {
            _isOffline = true;
            _leadership = _leadership with { Role = PartitionRole.Offline };
        }

        _waiters.Signal(this, 0, mustReread: true);
    }

    /// <summary>Registers a waiter and returns its slot; it has to look itself afterwards at what it waits for.</summary>
    internal int AddWaiter(IProgressWaiter waiter) => _waiters.Add(waiter);

    internal void RemoveWaiter(IProgressWaiter waiter, int slot) => _waiters.Remove(waiter, slot);

    private static ErrorCode ErrorOf(PartitionRole role) =>
        role == PartitionRole.Offline ? ErrorCode.KafkaStorageError : ErrorCode.NotLeaderOrFollower;

    private ErrorCode CheckReader(PartitionLeadership leadership, LeaderEpoch knownEpoch)
    {
        // A log fails before its partition hears of it.
        if (leadership.Role == PartitionRole.Offline || !Log.IsOpen) return ErrorCode.KafkaStorageError;
        if (knownEpoch != LeaderEpoch.Unknown && knownEpoch != leadership.LeaderEpoch)
            return knownEpoch.Value < leadership.LeaderEpoch.Value ? ErrorCode.FencedLeaderEpoch : ErrorCode.UnknownLeaderEpoch;
        return leadership.Role == PartitionRole.Leader ? ErrorCode.None : ErrorCode.NotLeaderOrFollower;
    }

    private bool FindDivergence(in PartitionReadRequest request, out PartitionReadResult result)
    {
        EpochEndOffset end = Log.EndOffsetFor(request.LastFetchedEpoch);
        if (end.EndOffset < 0 || end.Epoch < 0)
        {
            result = PartitionReadResult.Failed(ErrorCode.OffsetOutOfRange);
            return true;
        }

        bool diverged = end.Epoch < request.LastFetchedEpoch.Value || end.EndOffset < request.Offset;
        long lastStableOffset = LastStableOffset;
        result = new PartitionReadResult(ErrorCode.None, null, HighWatermark, lastStableOffset, LogStartOffset)
        {
            DivergingEpoch = diverged ? new EpochEnd(new LeaderEpoch(end.Epoch), end.EndOffset) : null,
        };
        return diverged;
    }

    /// <summary>
    /// The high watermark is the smallest log end among the replicas in sync. Without other replicas in sync that is this log's
    /// end; with others it waits for their fetches. Where the topic wants records on the disk before they are acknowledged, a log
    /// ends here where its flushed part does, this broker's as any other's: what was read must not vanish with the power. Called
    /// under the gate.
    /// </summary>
    /// <returns>About how many bytes became visible; at least 1 if any did.</returns>
    private long AdvanceHighWatermark()
    {
        PartitionLeadership leadership = _leadership;
        long end = _settings.Log.FlushEachAppend ? Log.RecoveryPoint : Log.LogEndOffset;
        long shown = 0;
        // The setting may come into force over records that were shown already: the high watermark never goes back.
        if (end > _highWatermark && leadership.InSyncReplicas.Length == 1 && leadership.InSyncReplicas[0] == _self)
        {
            Volatile.Write(ref _highWatermark, end);
            Log.AdvanceCommittedEnd(end);
            // What a flush left behind counts too: a reader that looks again too early finds less and waits on.
            shown = Math.Max(_hiddenBytes, 1);
            _hiddenBytes = 0;
        }

        Debug.Assert(LogStartOffset <= HighWatermark && HighWatermark <= Log.LogEndOffset, "log start ≤ high watermark ≤ log end");
        return shown;
    }

    /// <summary>What only waits for this broker's disk, as after a restart, does not wait for the next append to be shown.</summary>
    private void RequestFlushIfHidden()
    {
        if (_settings.Log.FlushEachAppend && HighWatermark < Log.LogEndOffset && Log.IsOpen) Log.RequestFlush();
    }

    /// <summary>More of the log is on the disk, or its disk failed.</summary>
    private void OnFlushed()
    {
        if (!Log.IsOpen)
        {
            GoOffline();
            return;
        }

        long shown = 0;
        lock (Log.Gate)
        {
            if (_leadership.Role == PartitionRole.Leader) shown = AdvanceHighWatermark();
        }

        _waiters.Signal(this, shown, mustReread: false);
    }
}
