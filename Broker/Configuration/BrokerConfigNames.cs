namespace KBroker.Broker.Configuration;

/// <summary>The names of the broker settings that code asks for.</summary>
public static class BrokerConfigNames
{
    /// <summary><c>node.id</c>.</summary>
    public const string NodeId = "node.id";

    /// <summary><c>broker.id</c>.</summary>
    public const string BrokerId = "broker.id";

    /// <summary><c>broker.rack</c>.</summary>
    public const string BrokerRack = "broker.rack";

    /// <summary><c>process.roles</c>.</summary>
    public const string ProcessRoles = "process.roles";

    /// <summary><c>controller.listener.names</c>.</summary>
    public const string ControllerListenerNames = "controller.listener.names";

    /// <summary><c>listeners</c>.</summary>
    public const string Listeners = "listeners";

    /// <summary><c>advertised.listeners</c>.</summary>
    public const string AdvertisedListeners = "advertised.listeners";

    /// <summary><c>listener.security.protocol.map</c>.</summary>
    public const string ListenerSecurityProtocolMap = "listener.security.protocol.map";

    /// <summary><c>inter.broker.listener.name</c>.</summary>
    public const string InterBrokerListenerName = "inter.broker.listener.name";

    /// <summary><c>security.inter.broker.protocol</c>.</summary>
    public const string SecurityInterBrokerProtocol = "security.inter.broker.protocol";

    /// <summary><c>log.dir</c>.</summary>
    public const string LogDir = "log.dir";

    /// <summary><c>log.dirs</c>.</summary>
    public const string LogDirs = "log.dirs";

    /// <summary><c>num.partitions</c>.</summary>
    public const string NumPartitions = "num.partitions";

    /// <summary><c>default.replication.factor</c>.</summary>
    public const string DefaultReplicationFactor = "default.replication.factor";

    /// <summary><c>auto.create.topics.enable</c>.</summary>
    public const string AutoCreateTopicsEnable = "auto.create.topics.enable";

    /// <summary><c>delete.topic.enable</c>.</summary>
    public const string DeleteTopicEnable = "delete.topic.enable";

    /// <summary><c>message.max.bytes</c>.</summary>
    public const string MessageMaxBytes = "message.max.bytes";

    /// <summary><c>num.recovery.threads.per.data.dir</c>.</summary>
    public const string NumRecoveryThreadsPerDataDir = "num.recovery.threads.per.data.dir";

    /// <summary><c>socket.request.max.bytes</c>.</summary>
    public const string SocketRequestMaxBytes = "socket.request.max.bytes";

    /// <summary><c>socket.send.buffer.bytes</c>.</summary>
    public const string SocketSendBufferBytes = "socket.send.buffer.bytes";

    /// <summary><c>socket.receive.buffer.bytes</c>.</summary>
    public const string SocketReceiveBufferBytes = "socket.receive.buffer.bytes";

    /// <summary><c>socket.listen.backlog.size</c>.</summary>
    public const string SocketListenBacklogSize = "socket.listen.backlog.size";

    /// <summary><c>connections.max.idle.ms</c>.</summary>
    public const string ConnectionsMaxIdleMs = "connections.max.idle.ms";

    /// <summary><c>max.connections</c>.</summary>
    public const string MaxConnections = "max.connections";

    /// <summary><c>max.connections.per.ip</c>.</summary>
    public const string MaxConnectionsPerIp = "max.connections.per.ip";

    /// <summary><c>max.connections.per.ip.overrides</c>.</summary>
    public const string MaxConnectionsPerIpOverrides = "max.connections.per.ip.overrides";

    /// <summary><c>queued.max.request.bytes</c>.</summary>
    public const string QueuedMaxRequestBytes = "queued.max.request.bytes";

    /// <summary><c>fetch.max.bytes</c>.</summary>
    public const string FetchMaxBytes = "fetch.max.bytes";

    /// <summary><c>max.incremental.fetch.session.cache.slots</c>.</summary>
    public const string MaxIncrementalFetchSessionCacheSlots = "max.incremental.fetch.session.cache.slots";

    /// <summary><c>max.request.partition.size.limit</c>.</summary>
    public const string MaxRequestPartitionSizeLimit = "max.request.partition.size.limit";

    /// <summary><c>request.timeout.ms</c>.</summary>
    public const string RequestTimeoutMs = "request.timeout.ms";

    /// <summary><c>log.retention.check.interval.ms</c>.</summary>
    public const string LogRetentionCheckIntervalMs = "log.retention.check.interval.ms";

    /// <summary><c>log.initial.task.delay.ms</c>.</summary>
    public const string LogInitialTaskDelayMs = "log.initial.task.delay.ms";

    /// <summary><c>log.cleaner.enable</c>.</summary>
    public const string LogCleanerEnable = "log.cleaner.enable";

    /// <summary><c>log.cleaner.threads</c>.</summary>
    public const string LogCleanerThreads = "log.cleaner.threads";

    /// <summary><c>log.cleaner.dedupe.buffer.size</c>.</summary>
    public const string LogCleanerDedupeBufferSize = "log.cleaner.dedupe.buffer.size";

    /// <summary><c>log.cleaner.io.buffer.load.factor</c>.</summary>
    public const string LogCleanerIoBufferLoadFactor = "log.cleaner.io.buffer.load.factor";

    /// <summary><c>log.cleaner.io.buffer.size</c>.</summary>
    public const string LogCleanerIoBufferSize = "log.cleaner.io.buffer.size";

    /// <summary><c>log.cleaner.io.max.bytes.per.second</c>.</summary>
    public const string LogCleanerIoMaxBytesPerSecond = "log.cleaner.io.max.bytes.per.second";

    /// <summary><c>log.cleaner.backoff.ms</c>.</summary>
    public const string LogCleanerBackoffMs = "log.cleaner.backoff.ms";

    /// <summary><c>log.flush.scheduler.interval.ms</c>.</summary>
    public const string LogFlushSchedulerIntervalMs = "log.flush.scheduler.interval.ms";

    /// <summary><c>log.flush.offset.checkpoint.interval.ms</c>.</summary>
    public const string LogFlushOffsetCheckpointIntervalMs = "log.flush.offset.checkpoint.interval.ms";

    /// <summary><c>log.flush.start.offset.checkpoint.interval.ms</c>.</summary>
    public const string LogFlushStartOffsetCheckpointIntervalMs = "log.flush.start.offset.checkpoint.interval.ms";

    /// <summary><c>replica.high.watermark.checkpoint.interval.ms</c>.</summary>
    public const string ReplicaHighWatermarkCheckpointIntervalMs = "replica.high.watermark.checkpoint.interval.ms";

    /// <summary><c>producer.id.expiration.ms</c>.</summary>
    public const string ProducerIdExpirationMs = "producer.id.expiration.ms";

    /// <summary><c>controlled.shutdown.enable</c>.</summary>
    public const string ControlledShutdownEnable = "controlled.shutdown.enable";

    /// <summary><c>kbroker.log.dir.free.low.bytes</c>.</summary>
    public const string KBrokerLogDirFreeLowBytes = "kbroker.log.dir.free.low.bytes";

    /// <summary><c>kbroker.log.dir.free.min.bytes</c>.</summary>
    public const string KBrokerLogDirFreeMinBytes = "kbroker.log.dir.free.min.bytes";

    /// <summary><c>kbroker.log.index.cache.bytes</c>.</summary>
    public const string KBrokerLogIndexCacheBytes = "kbroker.log.index.cache.bytes";

    /// <summary><c>kbroker.log.open.files.max</c>.</summary>
    public const string KBrokerLogOpenFilesMax = "kbroker.log.open.files.max";

    /// <summary><c>kbroker.max.producers.per.partition</c>.</summary>
    public const string KBrokerMaxProducersPerPartition = "kbroker.max.producers.per.partition";

    /// <summary><c>producer.id.expiration.check.interval.ms</c>.</summary>
    public const string ProducerIdExpirationCheckIntervalMs = "producer.id.expiration.check.interval.ms";

    /// <summary><c>kbroker.adopt.logs</c>.</summary>
    public const string KBrokerAdoptLogs = "kbroker.adopt.logs";

    /// <summary><c>kbroker.group.max.bytes</c>.</summary>
    public const string KBrokerGroupMaxBytes = "kbroker.group.max.bytes";

    /// <summary><c>kbroker.groups.max.bytes</c>.</summary>
    public const string KBrokerGroupsMaxBytes = "kbroker.groups.max.bytes";

    /// <summary><c>kbroker.max.partitions</c>.</summary>
    public const string KBrokerMaxPartitions = "kbroker.max.partitions";

    /// <summary><c>kbroker.offsets.max.bytes</c>.</summary>
    public const string KBrokerOffsetsMaxBytes = "kbroker.offsets.max.bytes";

    /// <summary><c>kbroker.request.read.timeout.ms</c>.</summary>
    public const string KBrokerRequestReadTimeoutMs = "kbroker.request.read.timeout.ms";

    /// <summary><c>kbroker.response.write.timeout.ms</c>.</summary>
    public const string KBrokerResponseWriteTimeoutMs = "kbroker.response.write.timeout.ms";

    /// <summary><c>kbroker.shutdown.drain.ms</c>.</summary>
    public const string KBrokerShutdownDrainMs = "kbroker.shutdown.drain.ms";

    /// <summary><c>group.min.session.timeout.ms</c>.</summary>
    public const string GroupMinSessionTimeoutMs = "group.min.session.timeout.ms";

    /// <summary><c>group.max.session.timeout.ms</c>.</summary>
    public const string GroupMaxSessionTimeoutMs = "group.max.session.timeout.ms";

    /// <summary><c>group.max.size</c>.</summary>
    public const string GroupMaxSize = "group.max.size";

    /// <summary><c>group.initial.rebalance.delay.ms</c>.</summary>
    public const string GroupInitialRebalanceDelayMs = "group.initial.rebalance.delay.ms";

    /// <summary><c>group.consumer.session.timeout.ms</c>.</summary>
    public const string GroupConsumerSessionTimeoutMs = "group.consumer.session.timeout.ms";

    /// <summary><c>group.consumer.min.session.timeout.ms</c>.</summary>
    public const string GroupConsumerMinSessionTimeoutMs = "group.consumer.min.session.timeout.ms";

    /// <summary><c>group.consumer.max.session.timeout.ms</c>.</summary>
    public const string GroupConsumerMaxSessionTimeoutMs = "group.consumer.max.session.timeout.ms";

    /// <summary><c>group.consumer.heartbeat.interval.ms</c>.</summary>
    public const string GroupConsumerHeartbeatIntervalMs = "group.consumer.heartbeat.interval.ms";

    /// <summary><c>group.consumer.min.heartbeat.interval.ms</c>.</summary>
    public const string GroupConsumerMinHeartbeatIntervalMs = "group.consumer.min.heartbeat.interval.ms";

    /// <summary><c>group.consumer.max.heartbeat.interval.ms</c>.</summary>
    public const string GroupConsumerMaxHeartbeatIntervalMs = "group.consumer.max.heartbeat.interval.ms";

    /// <summary><c>group.consumer.max.size</c>.</summary>
    public const string GroupConsumerMaxSize = "group.consumer.max.size";

    /// <summary><c>group.consumer.assignors</c>.</summary>
    public const string GroupConsumerAssignors = "group.consumer.assignors";

    /// <summary><c>group.consumer.migration.policy</c>.</summary>
    public const string GroupConsumerMigrationPolicy = "group.consumer.migration.policy";

    /// <summary><c>offset.metadata.max.bytes</c>.</summary>
    public const string OffsetMetadataMaxBytes = "offset.metadata.max.bytes";

    /// <summary><c>offsets.retention.minutes</c>.</summary>
    public const string OffsetsRetentionMinutes = "offsets.retention.minutes";

    /// <summary><c>offsets.retention.check.interval.ms</c>.</summary>
    public const string OffsetsRetentionCheckIntervalMs = "offsets.retention.check.interval.ms";

    /// <summary><c>offsets.topic.num.partitions</c>.</summary>
    public const string OffsetsTopicNumPartitions = "offsets.topic.num.partitions";

    /// <summary><c>offsets.topic.replication.factor</c>.</summary>
    public const string OffsetsTopicReplicationFactor = "offsets.topic.replication.factor";

    /// <summary><c>offsets.topic.segment.bytes</c>.</summary>
    public const string OffsetsTopicSegmentBytes = "offsets.topic.segment.bytes";

    /// <summary><c>offsets.commit.timeout.ms</c>.</summary>
    public const string OffsetsCommitTimeoutMs = "offsets.commit.timeout.ms";

    /// <summary><c>transaction.max.timeout.ms</c>.</summary>
    public const string TransactionMaxTimeoutMs = "transaction.max.timeout.ms";

    /// <summary><c>transaction.abort.timed.out.transaction.cleanup.interval.ms</c>.</summary>
    public const string TransactionAbortTimedOutTransactionCleanupIntervalMs = "transaction.abort.timed.out.transaction.cleanup.interval.ms";

    /// <summary><c>transactional.id.expiration.ms</c>.</summary>
    public const string TransactionalIdExpirationMs = "transactional.id.expiration.ms";

    /// <summary><c>transaction.remove.expired.transaction.cleanup.interval.ms</c>.</summary>
    public const string TransactionRemoveExpiredTransactionCleanupIntervalMs = "transaction.remove.expired.transaction.cleanup.interval.ms";

    /// <summary><c>transaction.partition.verification.enable</c>.</summary>
    public const string TransactionPartitionVerificationEnable = "transaction.partition.verification.enable";

    /// <summary><c>add.partitions.to.txn.retry.backoff.ms</c>.</summary>
    public const string AddPartitionsToTxnRetryBackoffMs = "add.partitions.to.txn.retry.backoff.ms";

    /// <summary><c>add.partitions.to.txn.retry.backoff.max.ms</c>.</summary>
    public const string AddPartitionsToTxnRetryBackoffMaxMs = "add.partitions.to.txn.retry.backoff.max.ms";

    /// <summary><c>transaction.state.log.num.partitions</c>.</summary>
    public const string TransactionStateLogNumPartitions = "transaction.state.log.num.partitions";

    /// <summary><c>transaction.state.log.replication.factor</c>.</summary>
    public const string TransactionStateLogReplicationFactor = "transaction.state.log.replication.factor";

    /// <summary><c>transaction.state.log.min.isr</c>.</summary>
    public const string TransactionStateLogMinIsr = "transaction.state.log.min.isr";

    /// <summary><c>transaction.state.log.segment.bytes</c>.</summary>
    public const string TransactionStateLogSegmentBytes = "transaction.state.log.segment.bytes";

    /// <summary><c>kbroker.transactions.max.bytes</c>.</summary>
    public const string KBrokerTransactionsMaxBytes = "kbroker.transactions.max.bytes";
}
