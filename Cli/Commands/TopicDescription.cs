using System.Globalization;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Commands;

/// <summary>Prints topics the way <c>kafka-topics --describe</c> does, so that scripts that read it go on to work.</summary>
public sealed class TopicDescription(TextWriter output, IReadOnlyList<MetadataResponse.MetadataResponseBroker> brokers)
{
    private const sbyte DefaultSource = 5;

    private readonly HashSet<int> _alive = [.. brokers.Select(broker => broker.NodeId)];

    /// <summary>Only partitions with fewer replicas in sync than they have.</summary>
    public bool UnderReplicated { get; init; }

    /// <summary>Only partitions without a living leader.</summary>
    public bool Unavailable { get; init; }

    /// <summary>Only partitions with fewer replicas in sync than <c>min.insync.replicas</c>.</summary>
    public bool UnderMinIsr { get; init; }

    /// <summary>Only partitions with exactly <c>min.insync.replicas</c> replicas in sync.</summary>
    public bool AtMinIsr { get; init; }

    /// <summary>Only topics with configurations of their own, without partitions.</summary>
    public bool WithOverrides { get; init; }

    private bool IsReport => UnderReplicated || Unavailable || UnderMinIsr || AtMinIsr;

    /// <summary>Prints one topic.</summary>
    public void Write(MetadataResponse.MetadataResponseTopic topic, DescribeConfigsResponse.DescribeConfigsResult configs)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ArgumentNullException.ThrowIfNull(configs);
        var partitions = topic.Partitions.OrderBy(partition => partition.PartitionIndex).ToList();
        var overrides = configs.Configs.Where(IsOverride).ToList();
        if (WithOverrides && overrides.Count == 0) return;
        if (!IsReport) WriteTopic(topic, partitions, overrides);
        if (WithOverrides) return;
        int minIsr = MinIsr(configs);
        foreach (var partition in partitions)
            if (!IsReport || IsReported(partition, minIsr)) WritePartition(topic.Name!, partition);
    }

    private static bool IsOverride(DescribeConfigsResponse.DescribeConfigsResourceResult config) =>
        // Version 0 has a flag in place of the source.
        config.ConfigSource < 0 ? !config.IsDefault : config.ConfigSource != DefaultSource;

    private static int MinIsr(DescribeConfigsResponse.DescribeConfigsResult configs)
    {
        string? text = configs.Configs.FirstOrDefault(config => config.Name == "min.insync.replicas")?.Value;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : 1;
    }

    private bool IsReported(MetadataResponse.MetadataResponsePartition partition, int minIsr) =>
        (UnderReplicated && partition.IsrNodes.Length < partition.ReplicaNodes.Length)
        || (Unavailable && !_alive.Contains(partition.LeaderId))
        || (UnderMinIsr && partition.IsrNodes.Length < minIsr)
        || (AtMinIsr && partition.IsrNodes.Length == minIsr);

    private void WriteTopic(
        MetadataResponse.MetadataResponseTopic topic,
        List<MetadataResponse.MetadataResponsePartition> partitions,
        List<DescribeConfigsResponse.DescribeConfigsResourceResult> overrides)
    {
        string id = topic.TopicId == Guid.Empty ? "" : $"\tTopicId: {Uuid.Format(topic.TopicId)}";
        int replicas = partitions.Count == 0 ? 0 : partitions[0].ReplicaNodes.Length;
        string configs = string.Join(',', overrides.Select(config => $"{config.Name}={config.Value}"));
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture,
                $"Topic: {topic.Name}{id}\tPartitionCount: {partitions.Count}\tReplicationFactor: {replicas}\tConfigs: {configs}"));
    }

    private void WritePartition(string topic, MetadataResponse.MetadataResponsePartition partition)
    {
        string leader = partition.LeaderId < 0 || partition.ErrorCode == ErrorCode.LeaderNotAvailable
            ? "none"
            : partition.LeaderId.ToString(CultureInfo.InvariantCulture);
        string replicas = string.Join(',', partition.ReplicaNodes);
        string isr = string.Join(',', partition.IsrNodes);
        // Metadata does not carry eligible leader replicas (KIP-966).
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture,
                $"\tTopic: {topic}\tPartition: {partition.PartitionIndex}\tLeader: {leader}\tReplicas: {replicas}\tIsr: {isr}\tElr: N/A\tLastKnownElr: N/A"));
    }
}
