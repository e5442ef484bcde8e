using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Controller.Metadata;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>What consumers of the classic protocol put into JoinGroup and SyncGroup: a version (int16), then a subscription or an assignment.</summary>
internal static class ConsumerProtocol
{
    /// <summary>The protocol type of consumers.</summary>
    public const string TypeName = "consumer";

    /// <summary>Reads a subscription; one of a later version as the latest that is known.</summary>
    /// <returns>The subscription; null if the bytes are none.</returns>
    public static ConsumerProtocolSubscription? TryReadSubscription(byte[] metadata)
    {
        try
        {
            var reader = new KafkaReader(metadata);
            short version = reader.ReadInt16();
            return version < 0 ? null : ConsumerProtocolSubscription.Read(ref reader, Math.Min(version, ConsumerProtocolSubscription.HighestVersion));
        }
        catch (MalformedMessageException)
        {
            return null;
        }
    }

    /// <summary>Reads an assignment; no bytes are no partitions.</summary>
    /// <returns>The assignment; null if the bytes are none.</returns>
    public static ConsumerProtocolAssignment? TryReadAssignment(byte[] bytes)
    {
        if (bytes.Length == 0) return new ConsumerProtocolAssignment();
        try
        {
            var reader = new KafkaReader(bytes);
            short version = reader.ReadInt16();
            return version < 0 ? null : ConsumerProtocolAssignment.Read(ref reader, Math.Min(version, ConsumerProtocolAssignment.HighestVersion));
        }
        catch (MalformedMessageException)
        {
            return null;
        }
    }

    /// <summary>The partitions as an assignment that a consumer with this metadata understands; topics that are gone are left out.</summary>
    public static byte[] WriteAssignment(TopicPartitionSet partitions, ClusterMetadataImage image, byte[] memberMetadata)
    {
        var topics = new List<ConsumerProtocolAssignment.TopicPartition>();
        foreach (Guid id in partitions.Topics)
        {
            if (image.TryGetTopic(id, out TopicImage? topic))
                topics.Add(new ConsumerProtocolAssignment.TopicPartition { Topic = topic.Name, Partitions = partitions.Of(id).ToArray() });
        }

        topics.Sort((a, b) => string.CompareOrdinal(a.Topic, b.Topic));
        var assignment = new ConsumerProtocolAssignment { AssignedPartitions = [.. topics] };
        short version = VersionOf(memberMetadata);
        var bytes = new byte[sizeof(short) + assignment.GetSize(version)];
        var writer = new KafkaWriter(bytes);
        writer.WriteInt16(version);
        assignment.Write(ref writer, version);
        return bytes;
    }

    /// <summary>The set of partitions that topics and partitions by name stand for; topics that are gone are left out.</summary>
    public static TopicPartitionSet ToSet(IEnumerable<(string Topic, int[] Partitions)> topics, ClusterMetadataImage image) => TopicPartitionSet.Of(
        topics.SelectMany(named => image.TryGetTopic(named.Topic, out TopicImage? topic)
            ? named.Partitions.Select(partition => (topic.Id, partition))
            : []));

    private static short VersionOf(byte[] metadata) =>
        System.Buffers.Binary.BinaryPrimitives.TryReadInt16BigEndian(metadata, out short version)
            ? Math.Clamp(version, (short)0, ConsumerProtocolAssignment.HighestVersion)
            : (short)0;
}
