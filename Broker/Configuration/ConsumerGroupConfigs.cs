using KBroker.Broker.Coordinators.Groups.Consumer;
using static KBroker.Broker.Configuration.BrokerConfigNames;

namespace KBroker.Broker.Configuration;

/// <summary>The broker settings of groups of the consumer protocol (KIP-848).</summary>
internal static class ConsumerGroupConfigs
{
    private const string ClassPrefix = "org.apache.kafka.coordinator.group.assignor.";

    private static readonly ConfigValidator Positive = RangeValidator.AtLeast(1);

    // Kafka names its own assignors by their classes as well.
    private static readonly Dictionary<string, string> AssignorNames = new(StringComparer.Ordinal)
    {
        ["uniform"] = "uniform",
        ["range"] = "range",
        [ClassPrefix + "UniformAssignor"] = "uniform",
        [ClassPrefix + "RangeAssignor"] = "range",
    };

    private static readonly Dictionary<string, GroupMigrationPolicy> Policies = new(StringComparer.OrdinalIgnoreCase)
    {
        ["bidirectional"] = GroupMigrationPolicy.Bidirectional,
        ["upgrade"] = GroupMigrationPolicy.Upgrade,
        ["downgrade"] = GroupMigrationPolicy.Downgrade,
        ["disabled"] = GroupMigrationPolicy.Disabled,
    };

    public static ConfigDefinition[] Definitions() =>
    [
        new(GroupConsumerSessionTimeoutMs, ConfigType.Int, "45000", "Milliseconds without a heartbeat after which a member of the consumer protocol is out.") { Validator = Positive },
        new(GroupConsumerMinSessionTimeoutMs, ConfigType.Int, "45000", "The shortest consumer.session.timeout.ms that a group may have, in milliseconds.") { Validator = Positive },
        new(GroupConsumerMaxSessionTimeoutMs, ConfigType.Int, "60000", "The longest consumer.session.timeout.ms that a group may have, in milliseconds.") { Validator = Positive },
        new(GroupConsumerHeartbeatIntervalMs, ConfigType.Int, "5000", "Milliseconds between heartbeats of a member of the consumer protocol, as it is told.") { Validator = Positive },
        new(GroupConsumerMinHeartbeatIntervalMs, ConfigType.Int, "5000", "The shortest consumer.heartbeat.interval.ms that a group may have, in milliseconds.") { Validator = Positive },
        new(GroupConsumerMaxHeartbeatIntervalMs, ConfigType.Int, "15000", "The longest consumer.heartbeat.interval.ms that a group may have, in milliseconds.") { Validator = Positive },
        new(GroupConsumerMaxSize, ConfigType.Int, "10000", "Members that one group of the consumer protocol may have.") { Validator = Positive },
        new(GroupConsumerAssignors, ConfigType.List, "uniform,range", "The assignors that members of the consumer protocol may ask for, the default first.")
        {
            Validator = new PredicateValidator(
                "uniform or range, one at least and none twice",
                "the assignors are uniform and range; one at least and none twice",
                value => value is IReadOnlyList<string> { Count: > 0 } names && names.All(AssignorNames.ContainsKey)
                    && names.Select(name => AssignorNames[name]).Distinct(StringComparer.Ordinal).Count() == names.Count),
        },
        new(GroupConsumerMigrationPolicy, ConfigType.String, "bidirectional", "Which groups with members are converted between the classic and the consumer protocol.")
        {
            Validator = new PredicateValidator(
                $"one of {string.Join(", ", Policies.Keys)}, in any case",
                $"String must be one of (case insensitive): {string.Join(", ", Policies.Keys)}",
                value => Policies.ContainsKey((string)value)),
        },
    ];

    public static ConsumerGroupConfig Read(ConfigReader values) => new()
    {
        SessionTimeoutMs = values.Int(GroupConsumerSessionTimeoutMs),
        MinSessionTimeoutMs = values.Int(GroupConsumerMinSessionTimeoutMs),
        MaxSessionTimeoutMs = values.Int(GroupConsumerMaxSessionTimeoutMs),
        HeartbeatIntervalMs = values.Int(GroupConsumerHeartbeatIntervalMs),
        MinHeartbeatIntervalMs = values.Int(GroupConsumerMinHeartbeatIntervalMs),
        MaxHeartbeatIntervalMs = values.Int(GroupConsumerMaxHeartbeatIntervalMs),
        MaxSize = values.Int(GroupConsumerMaxSize),
        Assignors = [.. values.List(GroupConsumerAssignors)!.Select(name => AssignorNames[name])],
        MigrationPolicy = Policies[values.Text(GroupConsumerMigrationPolicy)!],
    };
}
