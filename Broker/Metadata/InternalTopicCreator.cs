using KBroker.Controller;
using KBroker.Controller.Metadata;
using KBroker.Protocol;

namespace KBroker.Broker.Metadata;

/// <summary>How an internal topic is made.</summary>
/// <param name="Name">The topic.</param>
/// <param name="Partitions">Its partitions; they can never change, since keys find theirs by their number.</param>
/// <param name="ReplicationFactor">Its replicas, as far as there are brokers for them.</param>
/// <param name="SegmentBytes">Its <c>segment.bytes</c>.</param>
public readonly record struct InternalTopicSpec(string Name, int Partitions, short ReplicationFactor, int SegmentBytes);

/// <summary>Makes the topics of coordinators when the first client looks for one.</summary>
/// <param name="controller">Creates them.</param>
/// <param name="metadata">The cluster.</param>
public sealed class InternalTopicCreator(IClusterController controller, MetadataFeed metadata)
{
    /// <summary>Makes a topic, unless it exists; None when it is there and led.</summary>
    public async Task<ErrorCode> EnsureAsync(InternalTopicSpec spec)
    {
        if (metadata.Current.TryGetTopic(spec.Name, out _)) return ErrorCode.None;
        short replicas = (short)Math.Clamp(metadata.Current.Brokers.Count, 1, (int)spec.ReplicationFactor);
        IReadOnlyList<CreateTopicResult> results = await controller.CreateTopicsAsync(
            [
                new NewTopic(spec.Name, spec.Partitions, replicas, [],
                [
                    new("cleanup.policy", "compact"),
                    new("compression.type", "producer"),
                    new("segment.bytes", spec.SegmentBytes.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                ]),
            ],
            validateOnly: false).ConfigureAwait(false);
        return results[0].Error switch
        {
            ErrorCode.TopicAlreadyExists => ErrorCode.None,
            var error => error,
        };
    }
}
