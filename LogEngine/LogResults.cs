using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Segments;

namespace KBroker.LogEngine;

/// <summary>How an append ended.</summary>
public enum AppendStatus
{
    /// <summary>The batches are in the log.</summary>
    Appended,

    /// <summary>A batch is larger than <c>max.message.bytes</c>; nothing was written (MESSAGE_TOO_LARGE).</summary>
    MessageTooLarge,

    /// <summary>The batches together are larger than <c>segment.bytes</c>; nothing was written (RECORD_LIST_TOO_LARGE).</summary>
    RecordListTooLarge,

    /// <summary>The given offsets start below the log end or do not rise; nothing was written.</summary>
    OffsetsOutOfOrder,

    /// <summary>
    /// The batch is one of the producer's last five; nothing was written, and the result tells where that one lies.
    /// </summary>
    Duplicate,

    /// <summary>
    /// The batch's sequence does not follow the producer's last one, or does not begin a new epoch at 0; nothing was written
    /// (OUT_OF_ORDER_SEQUENCE_NUMBER).
    /// </summary>
    OutOfOrderSequence,

    /// <summary>A later epoch of the producer has written; nothing was written (INVALID_PRODUCER_EPOCH).</summary>
    InvalidProducerEpoch,

    /// <summary>A batch outside of the producer's open transaction; nothing was written (INVALID_TXN_STATE).</summary>
    InvalidTransactionState,

    /// <summary>
    /// The batch would begin a transaction that its coordinator was not asked about, or that ended since it was (KIP-890); nothing was
    /// written.
    /// </summary>
    VerificationRequired,

    /// <summary>A marker of a coordinator that another has replaced; nothing was written (TRANSACTION_COORDINATOR_FENCED).</summary>
    TransactionCoordinatorFenced,
}

/// <summary>
/// What an append assigned; for a duplicate, what the first of the two was assigned. <paramref name="LogAppendTime"/> is -1 unless the broker stamps timestamps; then milliseconds.
/// <paramref name="LastOffset"/> is inclusive.
/// </summary>
public readonly record struct LogAppendResult(
    AppendStatus Status, long FirstOffset, long LastOffset, long LogAppendTime, long LogStartOffset)
{
    /// <summary>The log end offset after the append.</summary>
    public long NextOffset => LastOffset + 1;
}

/// <summary>How a read ended.</summary>
public enum LogReadStatus
{
    /// <summary>The offset lies in the log; there may be no bytes yet.</summary>
    Ok,

    /// <summary>The offset lies below the log start or beyond the log end (OFFSET_OUT_OF_RANGE).</summary>
    OffsetOutOfRange,

    /// <summary>The offset lies in the log but below what this disk holds of it: a remote store has it.</summary>
    OnlyRemote,
}

/// <summary>
/// What a read found: the slice, to be disposed by the caller, or null when there are no bytes; and the log's offsets as they
/// were when it was taken.
/// </summary>
public readonly record struct LogReadResult(LogReadStatus Status, LogSlice? Slice, long LogStartOffset, long LogEndOffset)
{
    /// <summary>
    /// Where they were asked for: the aborted transactions that have records in the slice, and perhaps some that begin after it, by
    /// rising offset of their markers. Null when there are none.
    /// </summary>
    public IReadOnlyList<AbortedTransaction>? AbortedTransactions { get; init; }
}

/// <summary>A record's timestamp (milliseconds), its offset and its leader epoch (-1 unknown).</summary>
public readonly record struct TimestampOffset(long Timestamp, long Offset, int LeaderEpoch);

/// <summary>A segment's first offset and its largest timestamp (milliseconds, -1 when it has none).</summary>
public readonly record struct SegmentStart(long BaseOffset, long LargestTimestamp);
