namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>Where a transactional id stands. The names and the numbers are Kafka's, in answers and in records.</summary>
public enum TransactionState : sbyte
{
    /// <summary>A producer was initialized and has not begun a transaction.</summary>
    Empty = 0,

    /// <summary>A transaction is open.</summary>
    Ongoing = 1,

    /// <summary>Committed, which nothing can change any more; the partitions are being told.</summary>
    PrepareCommit = 2,

    /// <summary>Aborted, which nothing can change any more; the partitions are being told.</summary>
    PrepareAbort = 3,

    /// <summary>Committed, and all partitions know.</summary>
    CompleteCommit = 4,

    /// <summary>Aborted, and all partitions know.</summary>
    CompleteAbort = 5,

    /// <summary>Forgotten. Never written: a record without a value stands for it.</summary>
    Dead = 6,

    /// <summary>A producer is about to be fenced. Never written: the record that aborts its transaction fences it as well.</summary>
    PrepareEpochFence = 7,
}
