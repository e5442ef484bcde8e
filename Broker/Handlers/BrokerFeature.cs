using KBroker.Broker.Coordinators.Transactions;

namespace KBroker.Broker.Handlers;

/// <summary>A feature of the cluster, with levels that clients and brokers agree on (KIP-584).</summary>
/// <param name="Name">Kafka's name.</param>
/// <param name="Lowest">The lowest level that this broker understands.</param>
/// <param name="Highest">The highest.</param>
/// <param name="Finalized">The level in force; 0 is the same as none.</param>
public readonly record struct BrokerFeature(string Name, short Lowest, short Highest, short Finalized)
{
    /// <summary>
    /// What is in force wherever this version runs. Producers raise their epochs with each transaction (KIP-890) if they find the level
    /// here, and only then.
    /// </summary>
    public static IReadOnlyList<BrokerFeature> All { get; } =
    [
        new("group.version", 0, 1, 1),
        new(TransactionProtocol.Feature, 0, TransactionProtocol.Second, TransactionProtocol.Second),
    ];
}
