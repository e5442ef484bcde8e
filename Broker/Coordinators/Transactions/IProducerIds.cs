namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>Producer ids that nobody else has.</summary>
public interface IProducerIds
{
    /// <summary>Takes an id if one is there; if not, one is fetched and asking again later helps.</summary>
    bool TryTake(out long producerId);
}
