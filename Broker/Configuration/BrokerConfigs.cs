using static KBroker.Broker.Configuration.BrokerConfigNames;

namespace KBroker.Broker.Configuration;

/// <summary>
/// The broker settings that have an effect in this version, with Kafka's names, units and defaults. Settings of this broker alone
/// start with <c>kbroker.</c>. Names that Kafka knows and this version does not honour are in <see cref="KnownKafkaConfigs"/>.
/// </summary>
public static class BrokerConfigs
{
    /// <summary>The listener a broker without a configuration file serves: reachable from this machine only.</summary>
    public const string DefaultListeners = "PLAINTEXT://localhost:9092";

    /// <summary>Kafka's own default, used when a configuration file is given that names no listener: all interfaces.</summary>
    public const string DefaultListenersWithFile = "PLAINTEXT://:9092";

    private static readonly ConfigValidator Positive = RangeValidator.AtLeast(1);
    private static readonly ConfigValidator NotNegative = RangeValidator.AtLeast(0);
    private static readonly ConfigValidator BufferSize = RangeValidator.BetweenOr(1, int.MaxValue, -1);

    /// <summary>The table.</summary>
    public static ConfigTable Table { get; } = new(General(), Listeners(), Sockets(), Topics(), Log(), TopicDefaults(), Groups(), ConsumerGroupConfigs.Definitions(), TransactionConfigs.Definitions(), Own());

    /// <summary>Checks one runtime change of a broker setting as AlterConfigs and IncrementalAlterConfigs must (KIP-226).</summary>
    /// <param name="name">The setting.</param>
    /// <param name="value">Its new value; null removes the runtime value.</param>
    /// <param name="perBroker">Whether the change is for one broker; otherwise it is the default of all brokers.</param>
    /// <returns>A message to go with INVALID_CONFIG or INVALID_REQUEST; null when the change is allowed.</returns>
    public static string? ValidateDynamic(string name, string? value, bool perBroker)
    {
        if (!Table.TryGet(name, out ConfigDefinition? definition))
        {
            return KnownKafkaConfigs.Contains(name)
                ? $"The setting {name} is known to Kafka but has no effect in this version"
                : $"Unknown broker config name: {name}";
        }
        if (definition.UpdateMode == ConfigUpdateMode.ReadOnly) return $"Cannot update these configs dynamically: {name}";
        if (!perBroker && definition.UpdateMode == ConfigUpdateMode.PerBroker)
            return $"Cannot update these configs at default cluster level, broker id must be specified: {name}";
        return value is null ? null : definition.TryParse(value, out _);
    }

    private static ConfigDefinition[] General() =>
    [
        new(NodeId, ConfigType.Int, "0", "The id of this broker in its cluster.")
        {
            Importance = ConfigImportance.High,
            Validator = NotNegative,
        },
        new(BrokerId, ConfigType.Int, "0", "The older name of node.id; where both are set they must agree.")
        {
            Importance = ConfigImportance.High,
            Validator = NotNegative,
        },
        new(BrokerRack, ConfigType.String, null, "The rack or zone of this broker, told to clients and used to spread replicas."),
        new(ProcessRoles, ConfigType.List, "broker,controller", "What this process is. It is always its own controller in this version, so 'broker' must be among the roles.")
        {
            Importance = ConfigImportance.High,
            Validator = new ChoiceValidator("broker", "controller"),
        },
        new(RequestTimeoutMs, ConfigType.Int, "30000", "Milliseconds that a request to the controller may take.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(ControlledShutdownEnable, ConfigType.Boolean, "true", "Whether a broker that stops first hands its partitions over."),
    ];

    private static ConfigDefinition[] Listeners() =>
    [
        new(BrokerConfigNames.Listeners, ConfigType.String, DefaultListeners,
            "Where to listen: NAME://host:port, separated by commas. An empty host is every interface, port 0 any free port. " +
            "A configuration file that names no listener gets PLAINTEXT://:9092, as in Kafka.")
        {
            Importance = ConfigImportance.High,
            UpdateMode = ConfigUpdateMode.ReadOnly,
        },
        new(AdvertisedListeners, ConfigType.String, null, "The addresses told to clients, in the form of listeners; by default those of listeners.")
        {
            Importance = ConfigImportance.High,
        },
        new(ListenerSecurityProtocolMap, ConfigType.String, "PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
            "Which security protocol each listener name speaks: NAME:PROTOCOL, separated by commas.")
        {
            Importance = ConfigImportance.Low,
        },
        new(InterBrokerListenerName, ConfigType.String, null, "The listener that other brokers use; by default the one named after security.inter.broker.protocol."),
        new(SecurityInterBrokerProtocol, ConfigType.String, "PLAINTEXT", "The protocol between brokers where inter.broker.listener.name is not set.")
        {
            Validator = new ChoiceValidator("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
        },
        new(ControllerListenerNames, ConfigType.List, null,
            "Listeners that Kafka keeps for its controller quorum. They are not opened: the controller is part of this broker.")
        {
            Importance = ConfigImportance.High,
        },
    ];

    private static ConfigDefinition[] Sockets() =>
    [
        new(SocketRequestMaxBytes, ConfigType.Int, "104857600", "The largest request, in bytes; a longer one closes its connection.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(SocketSendBufferBytes, ConfigType.Int, "-1", "The socket's send buffer in bytes; -1 leaves it to the operating system, which fits it to the connection.")
        {
            Importance = ConfigImportance.High,
            Validator = BufferSize,
        },
        new(SocketReceiveBufferBytes, ConfigType.Int, "-1", "The socket's receive buffer in bytes; -1 leaves it to the operating system, which fits it to the connection.")
        {
            Importance = ConfigImportance.High,
            Validator = BufferSize,
        },
        new(SocketListenBacklogSize, ConfigType.Int, "50", "Connections that may wait to be accepted.") { Validator = Positive },
        new(ConnectionsMaxIdleMs, ConfigType.Long, "600000", "Milliseconds after which an idle connection is closed; a negative number never closes one."),
        new(MaxConnections, ConfigType.Int, "16384", "Connections this broker holds at a time.")
        {
            Validator = NotNegative,
            UpdateMode = ConfigUpdateMode.ClusterWide,
        },
        new(MaxConnectionsPerIp, ConfigType.Int, "8192", "Connections from one address at a time; 0 needs max.connections.per.ip.overrides.")
        {
            Validator = NotNegative,
            UpdateMode = ConfigUpdateMode.ClusterWide,
        },
        new(MaxConnectionsPerIpOverrides, ConfigType.String, "", "Limits of their own for some addresses: address:count, separated by commas.")
        {
            UpdateMode = ConfigUpdateMode.ClusterWide,
        },
        new(QueuedMaxRequestBytes, ConfigType.Long, "-1", "Bytes of requests held in memory at a time before connections wait; -1 sets no bound of its own."),
        new(FetchMaxBytes, ConfigType.Int, "57671680", "The largest fetch response, in bytes, whatever the client asks for.") { Validator = RangeValidator.AtLeast(1024) },
        new(MaxIncrementalFetchSessionCacheSlots, ConfigType.Int, "1000", "Incremental fetch sessions kept at a time (KIP-227); 0 turns them off.") { Validator = NotNegative },
        new(MaxRequestPartitionSizeLimit, ConfigType.Int, "2000", "The most partitions that one DescribeTopicPartitions response holds (KIP-966).") { Validator = Positive },
    ];

    private static ConfigDefinition[] Groups() =>
    [
        new(GroupMinSessionTimeoutMs, ConfigType.Int, "6000", "The shortest session timeout a member of a classic group may ask for, in milliseconds.") { Validator = NotNegative },
        new(GroupMaxSessionTimeoutMs, ConfigType.Int, "1800000", "The longest session timeout a member of a classic group may ask for, in milliseconds.") { Validator = NotNegative },
        new(GroupMaxSize, ConfigType.Int, "10000", "Members that one group may have, ids that were given out and not used yet among them.") { Validator = Positive },
        new(GroupInitialRebalanceDelayMs, ConfigType.Int, "3000", "Milliseconds that the first rebalance of an empty group waits for more members.") { Validator = NotNegative },
        new(OffsetMetadataMaxBytes, ConfigType.Int, "4096", "The longest note that may go with a committed offset, in bytes.")
        {
            Importance = ConfigImportance.High,
            Validator = NotNegative,
        },
        new(OffsetsRetentionMinutes, ConfigType.Int, "10080", "Minutes for which the offsets of an empty group are kept.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(OffsetsRetentionCheckIntervalMs, ConfigType.Long, "600000", "Milliseconds between looks for offsets that are no longer kept.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(OffsetsTopicNumPartitions, ConfigType.Int, "50", "Partitions of __consumer_offsets; they do not change once it exists.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(OffsetsTopicReplicationFactor, ConfigType.Short, "3", "Replicas of __consumer_offsets, as far as there are brokers when it is made.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(OffsetsTopicSegmentBytes, ConfigType.Int, "104857600", "segment.bytes of __consumer_offsets.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(OffsetsCommitTimeoutMs, ConfigType.Int, "5000", "Milliseconds that a commit of offsets may wait for replicas.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
    ];

    private static ConfigDefinition[] Topics() =>
    [
        new(NumPartitions, ConfigType.Int, "1", "Partitions of a topic created without a count.") { Validator = Positive },
        new(DefaultReplicationFactor, ConfigType.Int, "1", "Replicas of a topic created without a count.") { Validator = RangeValidator.Between(1, short.MaxValue) },
        new(AutoCreateTopicsEnable, ConfigType.Boolean, "true", "Whether asking for an unknown topic's metadata creates it.") { Importance = ConfigImportance.High },
        new(DeleteTopicEnable, ConfigType.Boolean, "true", "Whether topics can be deleted.") { Importance = ConfigImportance.High },
    ];

    private static ConfigDefinition[] Log() =>
    [
        new(LogDir, ConfigType.String, "./kbroker-data", "The directory of the data where log.dirs is not set.") { Importance = ConfigImportance.High },
        new(LogDirs, ConfigType.String, null, "The directories of the data, separated by commas.") { Importance = ConfigImportance.High },
        new(NumRecoveryThreadsPerDataDir, ConfigType.Int, "1", "Threads per data directory that recover logs at start and flush them at stop.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(LogRetentionCheckIntervalMs, ConfigType.Long, "300000", "Milliseconds between two looks for segments to delete.") { Validator = Positive },
        new(LogInitialTaskDelayMs, ConfigType.Long, "30000", "Milliseconds from the start to the first look for segments to delete.")
        {
            Importance = ConfigImportance.Low,
            Validator = NotNegative,
        },
        new(LogCleanerEnable, ConfigType.Boolean, "true", "Whether logs are compacted whose cleanup.policy asks for it.") { Importance = ConfigImportance.Medium },
        new(LogCleanerThreads, ConfigType.Int, "1", "Logs that are compacted at once.")
        {
            UpdateMode = ConfigUpdateMode.ClusterWide,
            Validator = Positive,
        },
        new(LogCleanerDedupeBufferSize, ConfigType.Long, "134217728",
            "The most bytes of the maps of keys that compaction makes, all threads together. They are taken while a log is compacted, no more than it needs.")
        {
            UpdateMode = ConfigUpdateMode.ClusterWide,
            Validator = Positive,
        },
        new(LogCleanerIoBufferLoadFactor, ConfigType.Double, "0.9", "How full a map of keys gets; with more keys the rest of the log is compacted in the next round.")
        {
            UpdateMode = ConfigUpdateMode.ClusterWide,
            Validator = RangeValidator.Between(0.01, 0.99),
        },
        new(LogCleanerIoBufferSize, ConfigType.Int, "524288", "Bytes of the buffers of compaction, all threads together.")
        {
            UpdateMode = ConfigUpdateMode.ClusterWide,
            Validator = NotNegative,
        },
        new(LogCleanerIoMaxBytesPerSecond, ConfigType.Double, "1.7976931348623157E308", "The most bytes a second that compaction reads and writes, all threads together.")
        {
            UpdateMode = ConfigUpdateMode.ClusterWide,
            Validator = Positive,
        },
        new(LogCleanerBackoffMs, ConfigType.Long, "15000", "Milliseconds that a thread which found no log to compact waits.")
        {
            UpdateMode = ConfigUpdateMode.ClusterWide,
            Validator = NotNegative,
        },
        new(LogFlushOffsetCheckpointIntervalMs, ConfigType.Int, "60000", "Milliseconds between two writes of the recovery points.")
        {
            Importance = ConfigImportance.High,
            Validator = NotNegative,
        },
        new(LogFlushStartOffsetCheckpointIntervalMs, ConfigType.Int, "60000", "Milliseconds between two writes of the log start offsets.")
        {
            Importance = ConfigImportance.High,
            Validator = NotNegative,
        },
        new(ReplicaHighWatermarkCheckpointIntervalMs, ConfigType.Long, "5000", "Milliseconds between two writes of the high watermarks.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(ProducerIdExpirationMs, ConfigType.Int, "86400000", "Milliseconds without a write after which a producer's sequence numbers are forgotten.")
        {
            Importance = ConfigImportance.Low,
            Validator = Positive,
            UpdateMode = ConfigUpdateMode.ClusterWide,
        },
        new(ProducerIdExpirationCheckIntervalMs, ConfigType.Int, "600000", "Milliseconds between two looks for producers whose sequence numbers are to be forgotten.")
        {
            Importance = ConfigImportance.Low,
            Validator = Positive,
        },
        new(KBrokerMaxProducersPerPartition, ConfigType.Int, "20000", "The most producers whose sequence numbers a partition remembers; beyond it those silent longest are forgotten.")
        {
            Importance = ConfigImportance.Low,
            Validator = Positive,
        },
    ];

    /// <summary>The defaults of topics: one setting per topic setting, and the other units that Kafka offers for four of them.</summary>
    private static List<ConfigDefinition> TopicDefaults()
    {
        List<ConfigDefinition> definitions =
        [
            InUnit("log.retention.minutes", ConfigType.Int, null, "log.retention.ms in minutes.", null, "log.retention.ms"),
            InUnit("log.retention.hours", ConfigType.Int, "168", "log.retention.ms in hours.", null, "log.retention.ms"),
            InUnit("log.roll.hours", ConfigType.Int, "168", "log.roll.ms in hours.", Positive, "log.roll.ms"),
            InUnit("log.roll.jitter.hours", ConfigType.Int, "0", "log.roll.jitter.ms in hours.", NotNegative, "log.roll.jitter.ms"),
            new(LogFlushSchedulerIntervalMs, ConfigType.Long, "9223372036854775807", "The default of log.flush.interval.ms.")
            {
                Importance = ConfigImportance.High,
            },
        ];
        foreach (ConfigDefinition topic in TopicConfigs.Table.Definitions)
        {
            if (topic.Synonyms.Count == 0) continue;
            bool severalUnits = topic.Synonyms.Count > 1;
            definitions.Add(new(topic.Synonyms[0].Name, topic.Type, severalUnits ? null : topic.DefaultText, $"The default of the topic setting {topic.Name}. {topic.Documentation}")
            {
                Importance = ConfigImportance.High,
                Validator = topic.Validator,
                UpdateMode = topic.Name == "message.format.version" ? ConfigUpdateMode.ReadOnly : ConfigUpdateMode.ClusterWide,
                Synonyms = severalUnits ? topic.Synonyms : [],
            });
        }
        return definitions;
    }

    private static ConfigDefinition InUnit(string name, ConfigType type, string? defaultText, string documentation, ConfigValidator? validator, string main)
    {
        ConfigDefinition topic = TopicConfigs.Table.Definitions.First(definition => definition.Synonyms.Any(synonym => synonym.Name == main));
        return new(name, type, defaultText, documentation)
        {
            Importance = ConfigImportance.High,
            Validator = validator,
            Synonyms = topic.Synonyms,
        };
    }

    private static ConfigDefinition[] Own() =>
    [
        new(KBrokerAdoptLogs, ConfigType.Boolean, "false", "Whether the start registers a topic for logs in log.dirs that belong to none, as Kafka or a lost metadata store left them."),
        new(KBrokerMaxPartitions, ConfigType.Int, "100000", "The most partitions this broker holds; creating more is refused with INVALID_PARTITIONS.") { Validator = Positive },
        new(KBrokerGroupMaxBytes, ConfigType.Long, "16777216",
            "What the members of one group may hold in memory: names, metadata for all their protocols, assignments. More is refused with GROUP_MAX_SIZE_REACHED.")
        {
            Validator = Positive,
        },
        new(KBrokerGroupsMaxBytes, ConfigType.Long, "-1",
            "What all groups of this broker and their members may hold in memory; more is refused with COORDINATOR_NOT_AVAILABLE, which clients retry. -1 stands for a thirty-second of the memory, at least 64 MiB.")
        {
            Validator = RangeValidator.AtLeast(-1),
        },
        new(KBrokerOffsetsMaxBytes, ConfigType.Long, "-1",
            "What committed offsets may hold in memory, about 250 bytes each; offsets of further partitions are refused with COORDINATOR_NOT_AVAILABLE, which clients retry. -1 stands for an eighth of the memory, at least 128 MiB.")
        {
            Validator = RangeValidator.AtLeast(-1),
        },
        new(KBrokerLogOpenFilesMax, ConfigType.Int, "-1",
            "Segment files kept open between uses; those in use or with writes that are not flushed stay open beyond it. -1 stands for half of the descriptors that the process may have, at most 4096.")
        {
            Validator = RangeValidator.AtLeast(-1),
        },
        new(KBrokerLogIndexCacheBytes, ConfigType.Long, "-1",
            "Memory for the indexes of segments that no longer grow; what does not fit is read again when it is needed. -1 stands for a thirty-second of the memory, at least 16 MiB.")
        {
            Validator = RangeValidator.AtLeast(-1),
        },
        new(KBrokerLogDirFreeLowBytes, ConfigType.Long, "-1",
            "With fewer bytes free on a log directory's disk, what clients produce to its partitions is refused with KAFKA_STORAGE_ERROR, which they retry. -1 stands for 1 GiB or a twentieth of the disk, whichever is less; 0 turns it off.")
        {
            Validator = RangeValidator.AtLeast(-1),
            UpdateMode = ConfigUpdateMode.ClusterWide,
        },
        new(KBrokerLogDirFreeMinBytes, ConfigType.Long, "-1",
            "With fewer bytes free on a log directory's disk, nothing is appended, made or compacted there. -1 stands for 256 MiB or a hundredth of the disk, whichever is less; 0 turns it off.")
        {
            Validator = RangeValidator.AtLeast(-1),
            UpdateMode = ConfigUpdateMode.ClusterWide,
        },
        new(KBrokerRequestReadTimeoutMs, ConfigType.Int, "30000", "Milliseconds that a client may pause in the middle of a request before its connection is closed.") { Validator = Positive },
        new(KBrokerResponseWriteTimeoutMs, ConfigType.Int, "300000", "Milliseconds that a client may leave a response unread before its connection is closed.") { Validator = Positive },
        new(KBrokerShutdownDrainMs, ConfigType.Int, "5000", "Milliseconds that requests in progress get to finish when the broker stops.") { Validator = NotNegative },
    ];
}
