namespace KBroker.Broker.Handlers;

/// <summary>One topic of a request, with partitions that the request names; each of them once.</summary>
/// <remarks>
/// A request may name a partition as often as it likes, in 4 bytes each time. What is done and answered for a partition can be a thousand
/// times that, so it is done once.
/// </remarks>
/// <param name="Topic">The topic's name.</param>
/// <param name="Indexes">Its partitions, in the order in which they are first named.</param>
internal readonly record struct NamedPartitions(string Topic, int[] Indexes)
{
    /// <summary>Brings together what a request names.</summary>
    /// <param name="named">The topics as they are in the request.</param>
    /// <param name="most">How many namings of partitions, and of topics, are read; the rest is left out.</param>
    public static NamedPartitions[] Of(IEnumerable<(string Topic, int[] Indexes)> named, int most = int.MaxValue) =>
    [
        .. Read(named, most).GroupBy(one => one.Topic, StringComparer.Ordinal)
            .Select(topic => new NamedPartitions(topic.Key, [.. topic.SelectMany(one => one.Indexes).Distinct()])),
    ];

    private static IEnumerable<(string Topic, IEnumerable<int> Indexes)> Read(IEnumerable<(string Topic, int[] Indexes)> named, int most)
    {
        int left = most;
        foreach ((string topic, int[] indexes) in named.Take(most))
        {
            yield return (topic, indexes.Take(left));
            left -= Math.Min(left, indexes.Length);
        }
    }
}
