using static KBroker.Broker.Configuration.BrokerConfigNames;

namespace KBroker.Broker.Configuration;

/// <summary>
/// A broker's effective configuration: valid as a whole, typed, immutable. A runtime change makes a new instance
/// (<see cref="WithDynamic"/>).
/// </summary>
public sealed class BrokerConfig
{
    internal BrokerConfig(ConfigLayers layers, ListenerConfig listeners, IReadOnlyDictionary<string, int> connectionOverrides, IReadOnlyList<string> directories)
    {
        Layers = layers;
        Listeners = listeners;
        var values = new ConfigReader(layers);
        NodeId = values.Int(layers.IsSet(BrokerConfigNames.NodeId) ? BrokerConfigNames.NodeId : BrokerId);
        Rack = values.Text(BrokerRack);
        RequestTimeout = values.Milliseconds(RequestTimeoutMs);
        ShutdownDrain = values.Milliseconds(KBrokerShutdownDrainMs);
        ControlledShutdown = values.Boolean(ControlledShutdownEnable);
        Sockets = new(
            values.Int(SocketRequestMaxBytes),
            values.Int(SocketSendBufferBytes),
            values.Int(SocketReceiveBufferBytes),
            values.Int(SocketListenBacklogSize),
            values.Long(ConnectionsMaxIdleMs) < 0 ? null : values.Milliseconds(ConnectionsMaxIdleMs),
            values.Int(MaxConnections),
            values.Int(MaxConnectionsPerIp),
            connectionOverrides,
            values.Long(QueuedMaxRequestBytes) <= 0 ? null : values.Long(QueuedMaxRequestBytes),
            values.Milliseconds(KBrokerRequestReadTimeoutMs),
            values.Milliseconds(KBrokerResponseWriteTimeoutMs));
        Topics = new(
            values.Int(NumPartitions),
            (short)values.Int(DefaultReplicationFactor),
            values.Boolean(AutoCreateTopicsEnable),
            values.Boolean(DeleteTopicEnable),
            values.Int(KBrokerMaxPartitions));
        Fetch = new(values.Int(FetchMaxBytes), values.Int(MaxIncrementalFetchSessionCacheSlots), values.Int(MaxRequestPartitionSizeLimit));
        LogDirs = new(
            directories,
            values.Int(NumRecoveryThreadsPerDataDir),
            values.Milliseconds(LogRetentionCheckIntervalMs),
            values.Milliseconds(LogInitialTaskDelayMs),
            values.Milliseconds(LogFlushOffsetCheckpointIntervalMs),
            values.Milliseconds(LogFlushStartOffsetCheckpointIntervalMs),
            values.Milliseconds(ReplicaHighWatermarkCheckpointIntervalMs),
            values.Milliseconds(ProducerIdExpirationMs),
            values.Milliseconds(ProducerIdExpirationCheckIntervalMs),
            values.Int(KBrokerMaxProducersPerPartition),
            new(values.Long(KBrokerLogDirFreeLowBytes), values.Long(KBrokerLogDirFreeMinBytes)),
            values.Boolean(KBrokerAdoptLogs),
            values.Int(KBrokerLogOpenFilesMax) <= 0 ? null : values.Int(KBrokerLogOpenFilesMax),
            values.Long(KBrokerLogIndexCacheBytes) <= 0 ? null : values.Long(KBrokerLogIndexCacheBytes),
            new()
            {
                Enabled = values.Boolean(LogCleanerEnable),
                Threads = values.Int(LogCleanerThreads),
                DedupeBufferSize = values.Long(LogCleanerDedupeBufferSize),
                LoadFactor = values.Double(LogCleanerIoBufferLoadFactor),
                IoBufferSize = values.Int(LogCleanerIoBufferSize),
                MaxIoBytesPerSecond = values.Double(LogCleanerIoMaxBytesPerSecond),
                Backoff = values.Milliseconds(LogCleanerBackoffMs),
            });
        Groups = new(
            new()
            {
                MinSessionTimeoutMs = values.Int(GroupMinSessionTimeoutMs),
                MaxSessionTimeoutMs = values.Int(GroupMaxSessionTimeoutMs),
                MaxSize = values.Int(GroupMaxSize),
                InitialRebalanceDelayMs = values.Int(GroupInitialRebalanceDelayMs),
                GroupMaxBytes = values.Long(KBrokerGroupMaxBytes),
                AllGroupsMaxBytes = values.Long(KBrokerGroupsMaxBytes),
                OffsetsMaxBytes = values.Long(KBrokerOffsetsMaxBytes),
                OffsetMetadataMaxBytes = values.Int(OffsetMetadataMaxBytes),
                OffsetsRetentionMs = values.Int(OffsetsRetentionMinutes) * 60_000L,
                OffsetsRetentionCheckIntervalMs = values.Long(OffsetsRetentionCheckIntervalMs),
                Consumer = ConsumerGroupConfigs.Read(values),
            },
            new(
                Metadata.InternalTopics.ConsumerOffsets,
                values.Int(OffsetsTopicNumPartitions),
                values.Short(OffsetsTopicReplicationFactor),
                values.Int(OffsetsTopicSegmentBytes)),
            values.Milliseconds(OffsetsCommitTimeoutMs));
        Transactions = TransactionConfigs.Read(values);
        TopicDefaults = new(layers);
        GroupDefaults = new(layers, Groups.Groups);
    }

    /// <summary>This broker's id, 0 or more.</summary>
    public int NodeId { get; }

    /// <summary>This broker's rack; null when none is set.</summary>
    public string? Rack { get; }

    /// <summary>Where the broker listens.</summary>
    public ListenerConfig Listeners { get; }

    /// <summary>Limits and deadlines of connections.</summary>
    public SocketConfig Sockets { get; }

    /// <summary>What applies when topics are created and deleted.</summary>
    public TopicCreationConfig Topics { get; }

    /// <summary>Bounds on reads.</summary>
    public FetchConfig Fetch { get; }

    /// <summary>The data directories and their upkeep.</summary>
    public LogDirConfig LogDirs { get; }

    /// <summary>What applies to consumer groups.</summary>
    public GroupSettings Groups { get; }

    /// <summary>What applies to transactions.</summary>
    public TransactionSettings Transactions { get; }

    /// <summary>The effective settings of topics on this broker.</summary>
    public TopicConfigResolver TopicDefaults { get; }

    /// <summary>The effective settings of groups.</summary>
    public GroupConfigResolver GroupDefaults { get; }

    /// <summary>How long a request to the controller may take.</summary>
    public TimeSpan RequestTimeout { get; }

    /// <summary>How long requests in progress get to finish when the broker stops.</summary>
    public TimeSpan ShutdownDrain { get; }

    /// <summary>Whether the broker hands its partitions over before it stops.</summary>
    public bool ControlledShutdown { get; }

    /// <summary>The raw values, layer over layer.</summary>
    public ConfigLayers Layers { get; }

    /// <summary>Builds a configuration from names and values, as the command line's <c>--override</c> would.</summary>
    /// <param name="settings">The settings.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="ConfigException">A value is not valid.</exception>
    public static BrokerConfig FromSettings(params (string Name, string Value)[] settings)
    {
        BrokerConfigResult result = BrokerConfigLoader.Load(new() { Overrides = [.. settings.Select(setting => $"{setting.Name}={setting.Value}")] });
        return result.Config ?? throw new ConfigException(result.Errors);
    }

    /// <summary>The same configuration under other runtime settings.</summary>
    /// <param name="perBroker">The runtime settings of this broker; what is not valid there is left out.</param>
    /// <param name="clusterWide">The runtime settings of all brokers; what is not valid there is left out.</param>
    /// <returns>A new configuration.</returns>
    public BrokerConfig WithDynamic(IReadOnlyDictionary<string, string> perBroker, IReadOnlyDictionary<string, string> clusterWide)
    {
        ConfigLayers layers = Layers.WithDynamic(perBroker, clusterWide);
        BrokerConfigChecks.ParseConnectionOverrides(new ConfigReader(layers).Text(MaxConnectionsPerIpOverrides) ?? "", out Dictionary<string, int> overrides);
        return new(layers, Listeners, overrides, LogDirs.Directories);
    }

    /// <summary>All settings of this broker as DescribeConfigs answers them, unknown names given at startup included.</summary>
    /// <returns>The settings.</returns>
    public IReadOnlyList<DescribedConfig> Describe() => BrokerConfigDescriber.Describe(Layers);

    /// <summary>The runtime defaults of all brokers as DescribeConfigs answers them for the broker resource without a name.</summary>
    /// <returns>The settings.</returns>
    public IReadOnlyList<DescribedConfig> DescribeClusterDefaults() => BrokerConfigDescriber.DescribeClusterDefaults(Layers);
}
