using System.Diagnostics.CodeAnalysis;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>One transactional id in its coordinator. Belongs to the shard's loop.</summary>
/// <param name="metadata">What is known of it.</param>
internal sealed class TransactionEntry(TransactionMetadata metadata)
{
    /// <summary>What the log says of it.</summary>
    public TransactionMetadata Metadata { get; set; } = metadata;

    /// <summary>When the open transaction has lasted for too long, in the milliseconds of the shard's deadlines.</summary>
    public long DeadlineMs { get; set; }

    /// <summary>When its state changed last, in the milliseconds of the shard's deadlines; negative for before the shard's time.</summary>
    public long TouchedMs { get; set; }

    /// <summary>The end of its transaction, while the partitions are being told.</summary>
    public TransactionCompletion? Completion { get; set; }

    /// <summary>Whether the partitions are being told.</summary>
    [MemberNotNullWhen(true, nameof(Completion))]
    public bool IsCompleting => Completion is not null;
}
