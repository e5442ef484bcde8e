namespace KBroker.Broker.Coordinators;

/// <summary>Which partition of its topic a group or a transaction belongs to.</summary>
internal static class CoordinatorKey
{
    /// <summary>Java's <c>String.hashCode</c> of the key, without its sign, over the partitions.</summary>
    public static int PartitionFor(string key, int partitions)
    {
        int hash = 0;
        foreach (char c in key) hash = unchecked((31 * hash) + c);
        // Java's Math.abs leaves the smallest number as it is; Kafka takes 0 for it.
        return (hash == int.MinValue ? 0 : Math.Abs(hash)) % partitions;
    }
}
