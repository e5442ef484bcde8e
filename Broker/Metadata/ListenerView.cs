using System.Collections.Immutable;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Metadata;

/// <summary>
/// The cluster as the clients of one listener see it: each broker at its endpoint of that name, a broker without one as
/// absent (KIP-103).
/// </summary>
/// <param name="image">The cluster.</param>
/// <param name="listenerName">The listener the client came by.</param>
/// <param name="local">What this broker knows of its own replicas; null where none are asked for.</param>
internal sealed class ListenerView(ClusterMetadataImage image, string listenerName, LocalReplicas? local = null)
{
    private readonly Dictionary<BrokerId, BrokerEndpoint> _endpoints = Endpoints(image, listenerName);

    /// <summary>The cluster.</summary>
    public ClusterMetadataImage Image => image;

    /// <summary>The brokers that can be reached, by rising id.</summary>
    public IEnumerable<(BrokerRegistration Broker, BrokerEndpoint Endpoint)> Brokers => image.Brokers.Values
        .Where(broker => _endpoints.ContainsKey(broker.Id))
        .Select(broker => (broker, _endpoints[broker.Id]));

    /// <summary>The controller, or -1 if there is none or it cannot be reached.</summary>
    public int ControllerId => _endpoints.ContainsKey(image.ControllerId) ? image.ControllerId.Value : BrokerId.None.Value;

    /// <summary>What these clients are told of a partition. A leader whose log is offline leads nothing.</summary>
    public PartitionView Describe(TopicImage topic, PartitionImage partition)
    {
        int[] replicas = Ids(partition.Replicas);
        int[] isr = partition.Isr.AsSpan().SequenceEqual(partition.Replicas.AsSpan()) ? replicas : Ids(partition.Isr);
        ErrorCode error = IsLogOffline(topic, partition, partition.Leader) ? ErrorCode.LeaderNotAvailable
            : _endpoints.ContainsKey(partition.Leader) ? ErrorCode.None
            : image.Brokers.ContainsKey(partition.Leader) ? ErrorCode.ListenerNotFound
            : ErrorCode.LeaderNotAvailable;
        return new PartitionView(
            error,
            error == ErrorCode.None ? partition.Leader.Value : BrokerId.None.Value,
            partition.LeaderEpoch.Value,
            replicas,
            isr,
            Offline(topic, partition));
    }

    private static Dictionary<BrokerId, BrokerEndpoint> Endpoints(ClusterMetadataImage image, string listenerName)
    {
        var endpoints = new Dictionary<BrokerId, BrokerEndpoint>();
        foreach (BrokerRegistration broker in image.Brokers.Values)
        {
            if (broker.Endpoint(listenerName) is { } endpoint) endpoints.Add(broker.Id, endpoint);
        }

        return endpoints;
    }

    private static int[] Ids(ImmutableArray<BrokerId> brokers)
    {
        var ids = new int[brokers.Length];
        for (int i = 0; i < ids.Length; i++) ids[i] = brokers[i].Value;
        return ids;
    }

    private bool IsLogOffline(TopicImage topic, PartitionImage partition, BrokerId replica) =>
        local is not null && local.IsOffline(topic.Id, partition, replica);

    private int[] Offline(TopicImage topic, PartitionImage partition)
    {
        List<int>? offline = null;
        foreach (BrokerId replica in partition.Replicas)
        {
            if (!_endpoints.ContainsKey(replica) || IsLogOffline(topic, partition, replica)) (offline ??= []).Add(replica.Value);
        }

        return offline is null ? [] : [.. offline];
    }
}
