namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>The levels of Kafka's feature <c>transaction.version</c>, as far as they change what is done.</summary>
internal static class TransactionProtocol
{
    /// <summary>The feature's name.</summary>
    public const string Feature = "transaction.version";

    /// <summary>A producer keeps its epoch until it is initialized again, and names the partitions before it writes to them (KIP-98).</summary>
    public const short First = 0;

    /// <summary>Each end of a transaction raises the epoch, and partitions are added when they are written to (KIP-890).</summary>
    public const short Second = 2;
}
