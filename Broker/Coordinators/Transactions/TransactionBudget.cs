namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>
/// The memory that transactional ids and open transactions take on this broker, about: whoever opens ids without end is refused before
/// the producers that are known have to suffer. Thread-safe.
/// </summary>
/// <param name="maxBytes">The bound now in force, in bytes.</param>
public sealed class TransactionBudget(Func<long> maxBytes)
{
    private const int IdBytes = 600;
    private const int PartitionBytes = 64;

    private long _used;

    /// <summary>Bytes in use, about.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>What an id takes, with its open transaction.</summary>
    public static long Of(TransactionMetadata transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return IdBytes + (2L * transaction.TransactionalId.Length) + ((long)PartitionBytes * transaction.Partitions.Count);
    }

    /// <summary>Whether there is room for an id that is not known, with a quarter left to those that are.</summary>
    public bool HasRoomForId => Used < maxBytes() / 4 * 3;

    /// <summary>Whether there is room for partitions of a transaction.</summary>
    public bool HasRoomForPartitions => Used < maxBytes();

    /// <summary>Counts a change, up or down. What is loaded is counted whether there is room or not.</summary>
    public void Add(long bytes) => Interlocked.Add(ref _used, bytes);
}
