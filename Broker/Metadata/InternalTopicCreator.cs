using System.Globalization;
using KBroker.Controller;
using KBroker.Controller.Metadata;
using KBroker.Protocol;

namespace KBroker.Broker.Metadata;

/// <summary>How an internal topic is made.</summary>
/// <param name="Name">The topic.</param>
/// <param name="Partitions">Its partitions; they can never change, since keys find theirs by their number.</param>
/// <param name="ReplicationFactor">Its replicas, as far as there are brokers for them.</param>
/// <param name="SegmentBytes">Its <c>segment.bytes</c>.</param>
public sealed record InternalTopicSpec(string Name, int Partitions, short ReplicationFactor, int SegmentBytes)
{
    /// <summary>Its <c>compression.type</c>.</summary>
    public string CompressionType { get; init; } = "producer";

    /// <summary>Its <c>min.insync.replicas</c>, at most its replicas; null leaves it to the broker.</summary>
    public int? MinInSyncReplicas { get; init; }

    /// <summary>Its <c>unclean.leader.election.enable</c>; null leaves it to the broker.</summary>
    public bool? UncleanElection { get; init; }
}

/// <summary>Makes the topics of coordinators when the first client looks for one.</summary>
/// <param name="controller">Creates them.</param>
/// <param name="metadata">The cluster.</param>
public sealed class InternalTopicCreator(IClusterController controller, MetadataFeed metadata)
{
    /// <summary>Makes a topic, unless it exists; None when it is there and led.</summary>
    public async Task<ErrorCode> EnsureAsync(InternalTopicSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (metadata.Current.TryGetTopic(spec.Name, out _)) return ErrorCode.None;
        short replicas = (short)Math.Clamp(metadata.Current.Brokers.Count, 1, (int)spec.ReplicationFactor);
        IReadOnlyList<CreateTopicResult> results = await controller.CreateTopicsAsync(
            [new NewTopic(spec.Name, spec.Partitions, replicas, [], Configs(spec, replicas))], validateOnly: false).ConfigureAwait(false);
        return results[0].Error switch
        {
            ErrorCode.TopicAlreadyExists => ErrorCode.None,
            var error => error,
        };
    }

    private static List<KeyValuePair<string, string?>> Configs(InternalTopicSpec spec, short replicas)
    {
        var configs = new List<KeyValuePair<string, string?>>
        {
            new("cleanup.policy", "compact"),
            new("compression.type", spec.CompressionType),
            new("segment.bytes", spec.SegmentBytes.ToString(CultureInfo.InvariantCulture)),
        };
        if (spec.MinInSyncReplicas is { } minimum) configs.Add(new("min.insync.replicas", Math.Min(minimum, replicas).ToString(CultureInfo.InvariantCulture)));
        if (spec.UncleanElection is { } unclean) configs.Add(new("unclean.leader.election.enable", unclean ? "true" : "false"));
        return configs;
    }
}
