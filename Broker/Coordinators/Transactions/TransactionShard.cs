using System.Diagnostics.CodeAnalysis;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>
/// The transactional ids of one partition of <c>__transaction_state</c>: a state machine without threads, clock or network, stepped by its
/// loop. What it has to remember it appends to its log; a replay of that log makes the same state.
/// </summary>
/// <remarks>
/// An id changes when its record is appended. Nobody outside hears of it before the record is committed: neither the producer, nor the
/// partitions of a transaction that ends. So what a coordinator that takes over does not find was told to nobody.
/// </remarks>
public sealed partial class TransactionShard : ICoordinatorMachine
{
    /// <summary>The most partitions of one transaction.</summary>
    public const int MaxPartitions = 10_000;

    // The record of a decision is a little longer than the last one of the open transaction, and it must fit the log.
    private const int MaxRecordBytes = 900_000;

    private readonly CoordinatorTerm _term;
    private readonly TransactionServices _services;
    private readonly CoordinatorTimer _timeouts;
    private readonly CoordinatorTimer _expiry;
    private readonly Dictionary<string, TransactionEntry> _entries = new(StringComparer.Ordinal);
    private readonly HashSet<TransactionEntry> _ongoing = [];

    // Open transactions do not hold the same name once for each: the budget has no room for it.
    private readonly HashSet<string> _replayedTopics = new(StringComparer.Ordinal);

    /// <param name="term">Log, deadlines and epoch of this term.</param>
    /// <param name="services">The world.</param>
    public TransactionShard(CoordinatorTerm term, TransactionServices services)
    {
        ArgumentNullException.ThrowIfNull(term);
        ArgumentNullException.ThrowIfNull(services);
        _term = term;
        _services = services;
        _timeouts = new CoordinatorTimer(term.Timers, AbortTimedOut);
        _expiry = new CoordinatorTimer(term.Timers, ForgetExpired);
    }

    /// <inheritdoc/>
    public CoordinatorTimers Timers => _term.Timers;

    /// <summary>What is known of the ids, in no order.</summary>
    public IEnumerable<TransactionMetadata> Transactions => _entries.Values.Select(entry => entry.Metadata);

    /// <summary>Finds an id.</summary>
    public bool TryGet(string transactionalId, [NotNullWhen(true)] out TransactionMetadata? metadata)
    {
        metadata = _entries.TryGetValue(transactionalId, out TransactionEntry? entry) ? entry.Metadata : null;
        return metadata is not null;
    }

    /// <inheritdoc/>
    public void Replay(in CoordinatorRecord record, long producerId)
    {
        if (TransactionRecords.Read(record, _replayedTopics) is not { } read) return;
        if (read.Metadata is null) Remove(read.TransactionalId);
        else Set(read.Metadata);
    }

    /// <inheritdoc/>
    /// <remarks>Nobody writes here in a transaction.</remarks>
    public void ReplayEnd(long producerId, bool committed)
    {
    }

    /// <inheritdoc/>
    public void Start()
    {
        _replayedTopics.Clear();
        _replayedTopics.TrimExcess();
        long wallClock = _services.WallClockMs();
        foreach (TransactionEntry entry in _entries.Values.ToList())
        {
            TransactionMetadata transaction = entry.Metadata;
            entry.TouchedMs = Timers.NowMs - Math.Max(wallClock - transaction.LastUpdateTimestampMs, 0);
            long lasted = Math.Max(wallClock - transaction.StartTimestampMs, 0);
            entry.DeadlineMs = Timers.NowMs + Math.Max(transaction.TimeoutMs - lasted, 0);
            if (transaction.IsEnding) Complete(entry);
        }

        _timeouts.Start(_services.Config.AbortTimedOutIntervalMs);
        _expiry.Start(_services.Config.RemoveExpiredIntervalMs);
    }

    /// <inheritdoc/>
    public void End(ErrorCode error)
    {
        _timeouts.Cancel();
        _expiry.Cancel();
        foreach (string id in _entries.Keys.ToList()) Remove(id);
    }

    /// <summary>InitProducerId with a transactional id. See <see cref="TransactionRules.Initialize"/>.</summary>
    /// <param name="transactionalId">The id, which fits a record.</param>
    /// <param name="timeoutMs">How long its transactions may be open, in the bounds of the broker.</param>
    /// <param name="expected">What the producer has had, if it goes on; null for a producer that starts.</param>
    /// <param name="reply">Gets the producer, or why there is none: CONCURRENT_TRANSACTIONS until a transaction before it has ended.</param>
    public void InitializeProducer(string transactionalId, int timeoutMs, ProducerIdentity? expected, Action<ErrorCode, ProducerIdentity> reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        _entries.TryGetValue(transactionalId, out TransactionEntry? entry);
        if (entry is null && !_services.Budget.HasRoomForId)
        {
            reply(ErrorCode.PolicyViolation, ProducerIdentity.None);
            return;
        }

        TransactionDecision decision = TransactionRules.Initialize(
            entry?.Metadata, transactionalId, timeoutMs, expected, _services.ProducerIds, _services.WallClockMs());
        // An open transaction is aborted first; the producer asks again.
        ErrorCode result = decision.Next is { IsEnding: true } ? ErrorCode.ConcurrentTransactions : ErrorCode.None;
        ProducerIdentity producer = result == ErrorCode.None && decision.Next is { } next ? next.Producer : ProducerIdentity.None;
        CarryOut(decision, result, error => reply(error, error == ErrorCode.None ? producer : ProducerIdentity.None));
    }

    /// <summary>AddPartitionsToTxn and AddOffsetsToTxn. See <see cref="TransactionRules.AddPartitions"/>.</summary>
    public void AddPartitions(
        string transactionalId, ProducerIdentity producer, IReadOnlyCollection<TopicPartition> partitions, short transactionVersion, Action<ErrorCode> reply)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        _entries.TryGetValue(transactionalId, out TransactionEntry? entry);
        TransactionDecision decision = TransactionRules.AddPartitions(entry?.Metadata, producer, partitions, transactionVersion, _services.WallClockMs());
        if (decision.Next is { } next && (next.Partitions.Count > MaxPartitions || !_services.Budget.HasRoomForPartitions)) decision = ErrorCode.PolicyViolation;
        CarryOut(decision, ErrorCode.None, reply);
    }

    /// <summary>Whether partitions are in the producer's open transaction, from what is committed: TRANSACTION_ABORTABLE for those that are not.</summary>
    public void Verify(string transactionalId, ProducerIdentity producer, IReadOnlyList<TopicPartition> partitions, Action<ErrorCode[]> reply)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        ArgumentNullException.ThrowIfNull(reply);
        _entries.TryGetValue(transactionalId, out TransactionEntry? entry);
        ErrorCode refused = TransactionRules.Check(entry?.Metadata, producer);
        var errors = new ErrorCode[partitions.Count];
        for (int i = 0; i < errors.Length; i++)
        {
            if (refused != ErrorCode.None) errors[i] = refused;
            else if (!entry!.Metadata.Partitions.Contains(partitions[i])) errors[i] = ErrorCode.TransactionAbortable;
        }

        _term.Log.WhenCommitted(error =>
        {
            if (error != ErrorCode.None) Array.Fill(errors, error);
            reply(errors);
        });
    }

    /// <summary>EndTxn: from the answer on, the transaction is committed or aborted and nothing else. See <see cref="TransactionRules.End"/>.</summary>
    /// <param name="transactionalId">The id.</param>
    /// <param name="producer">Who ends it.</param>
    /// <param name="commit">How.</param>
    /// <param name="transactionVersion">The transaction protocol of the request.</param>
    /// <param name="reply">Gets what the producer goes on with, or why it is refused.</param>
    public void EndTransaction(string transactionalId, ProducerIdentity producer, bool commit, short transactionVersion, Action<ErrorCode, ProducerIdentity> reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        _entries.TryGetValue(transactionalId, out TransactionEntry? entry);
        TransactionDecision decision = TransactionRules.End(
            entry?.Metadata, producer, commit, transactionVersion, _services.ProducerIds, _services.WallClockMs());
        ProducerIdentity after = (decision.Next ?? entry?.Metadata) is { } known ? TransactionRules.Completed(known) : ProducerIdentity.None;
        CarryOut(decision, ErrorCode.None, error => reply(error, error == ErrorCode.None ? after : ProducerIdentity.None));
    }

    /// <summary>Writes a decision and answers once it is committed.</summary>
    /// <param name="decision">The decision.</param>
    /// <param name="result">What it is answered with if all goes well.</param>
    /// <param name="reply">The answer.</param>
    private void CarryOut(TransactionDecision decision, ErrorCode result, Action<ErrorCode> reply)
    {
        ErrorCode error = decision.Error;
        if (error == ErrorCode.None && decision.Next is { } next) error = Write(next);
        // What a refusal is founded on may not be committed yet: then it waits as well, or a move of the coordinator could belie it.
        if (error is ErrorCode.None or ErrorCode.ProducerFenced or ErrorCode.InvalidProducerIdMapping or ErrorCode.InvalidTxnState)
            _term.Log.WhenCommitted(failed => reply(failed != ErrorCode.None ? failed : error != ErrorCode.None ? error : result));
        else
            reply(error);
    }

    private ErrorCode Write(TransactionMetadata next)
    {
        CoordinatorRecord record = TransactionRecords.Write(next);
        if (next.State == TransactionState.Ongoing && record.Size > MaxRecordBytes) return ErrorCode.PolicyViolation;
        ErrorCode error = _term.Log.Append([record]);
        if (error != ErrorCode.None) return error;
        TransactionEntry entry = Set(next);
        entry.TouchedMs = Timers.NowMs;
        if (next.IsEnding) Complete(entry);
        return ErrorCode.None;
    }

    private TransactionEntry Set(TransactionMetadata next)
    {
        bool begins = next.State == TransactionState.Ongoing;
        if (_entries.TryGetValue(next.TransactionalId, out TransactionEntry? entry))
        {
            begins = begins && entry.Metadata.State != TransactionState.Ongoing;
            _services.Budget.Add(TransactionBudget.Of(next) - TransactionBudget.Of(entry.Metadata));
            entry.Metadata = next;
        }
        else
        {
            _services.Budget.Add(TransactionBudget.Of(next));
            _entries.Add(next.TransactionalId, entry = new TransactionEntry(next));
        }

        if (next.State != TransactionState.Ongoing) _ongoing.Remove(entry);
        else if (begins && _ongoing.Add(entry)) entry.DeadlineMs = Timers.NowMs + next.TimeoutMs;
        return entry;
    }

    private void Remove(string transactionalId)
    {
        if (!_entries.Remove(transactionalId, out TransactionEntry? entry)) return;
        entry.Completion?.Cancel();
        _ongoing.Remove(entry);
        _services.Budget.Add(-TransactionBudget.Of(entry.Metadata));
    }

    private void Complete(TransactionEntry entry)
    {
        TransactionMetadata decided = entry.Metadata;
        var completion = new TransactionCompletion(_term, _services, decided, () =>
        {
            ErrorCode error = Write(TransactionRules.Complete(decided, _services.WallClockMs()));
            if (error == ErrorCode.None) entry.Completion = null;
            return error;
        });
        entry.Completion = completion;
        completion.Start();
    }

    private void AbortTimedOut()
    {
        _timeouts.Start(_services.Config.AbortTimedOutIntervalMs);
        foreach (TransactionEntry entry in _ongoing.Where(entry => entry.DeadlineMs <= Timers.NowMs).ToList())
        {
            TransactionDecision decision = TransactionRules.Fence(entry.Metadata, _services.ProducerIds, _services.WallClockMs());
            // A disk that refuses this now, or a lack of producer ids, is asked again at the next round.
            if (decision.Next is { } next && Write(next) == ErrorCode.None)
                LogTimedOut(_services.Logger, next.TransactionalId, next.Producer.Id, next.TimeoutMs);
        }
    }

    private void ForgetExpired()
    {
        _expiry.Start(_services.Config.RemoveExpiredIntervalMs);
        long oldest = Timers.NowMs - _services.Config.IdExpirationMs;
        List<string> expired = _entries.Values.Where(entry => entry.Metadata.IsIdle && entry.TouchedMs <= oldest).Select(entry => entry.Metadata.TransactionalId).ToList();
        // What a disk refuses now is asked again at the next round.
        _term.Log.AppendInPieces(expired, TransactionRecords.Tombstone, Remove);
    }

    [LoggerMessage(3132, LogLevel.Information, "The transaction of {TransactionalId}, producer {ProducerId}, is aborted: it was open for longer than its {TimeoutMs} ms")]
    private static partial void LogTimedOut(ILogger logger, string transactionalId, long producerId, int timeoutMs);
}
