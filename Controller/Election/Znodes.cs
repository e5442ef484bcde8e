using System.Globalization;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Election;

/// <summary>The paths of Kafka's znodes that the controller reads and writes.</summary>
internal static class Znodes
{
    public const string Controller = "/controller";
    public const string ControllerEpoch = "/controller_epoch";
    public const string ClusterId = "/cluster/id";
    public const string BrokerIds = "/brokers/ids";
    public const string Topics = "/brokers/topics";
    public const string TopicConfigs = "/config/topics";
    public const string BrokerConfigs = "/config/brokers";
    public const string GroupConfigs = "/config/groups";
    public const string DeleteTopics = "/admin/delete_topics";
    public const string ProducerIdBlock = "/latest_producer_id_block";

    /// <summary>The persistent nodes that must exist before anything else is written.</summary>
    public static readonly IReadOnlyList<string> Persistent =
        ["/cluster", BrokerIds, Topics, TopicConfigs, BrokerConfigs, GroupConfigs, DeleteTopics];

    public static string Broker(BrokerId id) => string.Create(CultureInfo.InvariantCulture, $"{BrokerIds}/{id.Value}");

    public static string Topic(string topic) => $"{Topics}/{topic}";

    public static string Partitions(string topic) => $"{Topics}/{topic}/partitions";

    public static string Partition(string topic, int partition)
        => string.Create(CultureInfo.InvariantCulture, $"{Topics}/{topic}/partitions/{partition}");

    public static string PartitionState(string topic, int partition)
        => string.Create(CultureInfo.InvariantCulture, $"{Topics}/{topic}/partitions/{partition}/state");

    public static string TopicConfig(string topic) => $"{TopicConfigs}/{topic}";

    public static string BrokerConfig(string broker) => $"{BrokerConfigs}/{broker}";

    /// <summary>Group ids may hold any character; Kafka writes those that a path cannot, as in a URL.</summary>
    public static string GroupConfig(string group) => $"{GroupConfigs}/{SanitizedName.Of(group)}";

    public static string DeleteTopic(string topic) => $"{DeleteTopics}/{topic}";
}
