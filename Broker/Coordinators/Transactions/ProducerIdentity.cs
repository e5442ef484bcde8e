namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>A producer, and which of those that have had its id: a higher epoch fences the lower ones.</summary>
/// <param name="Id">The producer id; -1 for none.</param>
/// <param name="Epoch">The epoch; -1 for none.</param>
public readonly record struct ProducerIdentity(long Id, short Epoch)
{
    /// <summary>The highest epoch a producer is given. The one above it is the coordinator's, to fence the producer with.</summary>
    public const short LastEpoch = short.MaxValue - 1;

    /// <summary>No producer.</summary>
    public static ProducerIdentity None => new(-1, -1);

    /// <summary>Whether the next producer gets another id.</summary>
    public bool IsExhausted => Epoch >= LastEpoch;
}
