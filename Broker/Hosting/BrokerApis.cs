using KBroker.Broker.Configuration.Alterations;
using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Broker.Fetching;
using KBroker.Broker.Handlers;
using KBroker.Broker.Metadata;
using KBroker.Broker.Partitions;
using KBroker.Broker.Producing;
using KBroker.Controller;
using KBroker.Controller.Metadata;
using KBroker.LogEngine.Directories;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Hosting;

/// <summary>The APIs of this broker, each with what it needs. What is not listed here is neither served nor advertised.</summary>
internal sealed class BrokerApis : IDisposable
{
    private readonly CompressionCodecs _codecs;
    private readonly CancellationTokenSource _stopping;
    private readonly Recompressor _recompressor;
    private readonly GroupCoordinator _groups;
    private readonly TransactionCoordinator _transactions;

    /// <summary>The table that all listeners serve.</summary>
    public required HandlerTable Handlers { get; init; }

    /// <summary>Puts the handlers together.</summary>
    public static BrokerApis Create(
        BrokerId self,
        BrokerConfigSource config,
        ClusterMember member,
        PartitionRegistry partitions,
        LogDirectories logs,
        BrokerPlatform platform)
    {
        IClusterController controller = member.Controller;
        MetadataFeed metadata = member.Metadata;
        var stopping = new CancellationTokenSource();
        var codecs = new CompressionCodecs();
        var recompressor = new Recompressor();
        var appender = new BatchAppender(new RecordBatchValidator(codecs), recompressor, platform.Time);
        var sessions = new FetchSessionCache(config.Current.Fetch.SessionCacheSlots, platform.Time, new Random(platform.Random.Next()));
        var lookup = new PartitionLookup(partitions, metadata);
        var local = new LocalReplicas(self, partitions);
        var deadline = new ControllerDeadline(platform.Time, () => config.Current);
        var alterer = new ConfigAlterer(self, controller, deadline, () => config.Current);
        ILogger logger = platform.Loggers.CreateLogger<GroupCoordinator>();
        var memory = new GroupMemory(() => config.Current.Groups.Groups, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        var shards = new CoordinatorShardFactory<GroupShard>(
            term => GroupCoordinator.NewShard(
                term,
                () => config.Current.Groups.Groups,
                groupId => config.Current.GroupDefaults.Resolve(metadata.Current.GroupConfig(groupId)),
                metadata,
                memory,
                platform.Time),
            new CoordinatorLoader(codecs, logger),
            () => config.Current.Groups.CommitTimeout,
            platform.Time,
            logger);
        var groups = new GroupCoordinator(
            new CoordinatorRuntime<GroupShard>(InternalTopics.ConsumerOffsets, partitions, metadata, shards), metadata);
        var markers = new TransactionMarkers(lookup, groups, platform.Time, () => config.Current.RequestTimeout);
        var creator = new InternalTopicCreator(controller, metadata);
        TransactionCoordinator transactions = Transactions(config, member, partitions, codecs, markers, platform);
        var verification = new TransactionVerification(transactions, platform.Time, () => config.Current.Transactions);
        ApiHandler[] handlers =
        [
            new ProduceHandler(partitions, appender, verification, platform.Time),
            new WriteTxnMarkersHandler(markers),
            new TxnOffsetCommitHandler(new TransactionalOffsets(groups, verification), metadata),
            new DescribeProducersHandler(lookup),
            new FetchHandler(sessions, new FetchReader(partitions), platform.Time, () => config.Current.Fetch.MaxBytes, stopping.Token),
            new ListOffsetsHandler(lookup),
            new MetadataHandler(metadata, new TopicAutoCreator(controller), local, () => config.Current),
            new CreateTopicsHandler(controller, deadline, () => config.Current),
            new DeleteTopicsHandler(controller, deadline),
            new DeleteRecordsHandler(lookup, logs),
            new OffsetForLeaderEpochHandler(lookup),
            new DescribeConfigsHandler(self, metadata, () => config.Current),
            new AlterConfigsHandler(alterer),
            new DescribeLogDirsHandler(logs, partitions),
            new CreatePartitionsHandler(controller, deadline),
            new IncrementalAlterConfigsHandler(alterer),
            new ListConfigResourcesHandler(metadata),
            new DescribeClusterHandler(metadata),
            new DescribeTopicPartitionsHandler(metadata, local, () => config.Current),
            new FindCoordinatorHandler(metadata, creator, () => config.Current),
            new JoinGroupHandler(groups),
            new SyncGroupHandler(groups),
            new HeartbeatHandler(groups),
            new LeaveGroupHandler(groups),
            new OffsetCommitHandler(groups, metadata),
            new OffsetFetchHandler(groups, metadata),
            new OffsetDeleteHandler(groups, metadata),
            new ListGroupsHandler(groups),
            new DescribeGroupsHandler(groups),
            new DeleteGroupsHandler(groups),
            new InitProducerIdHandler(transactions),
            new AddPartitionsToTxnHandler(transactions, metadata),
            new AddOffsetsToTxnHandler(transactions, metadata, creator, () => config.Current),
            new EndTxnHandler(transactions),
            new DescribeTransactionsHandler(transactions),
            new ListTransactionsHandler(transactions, platform.Time),
            new ConsumerGroupHeartbeatHandler(groups, () => config.Current.Groups.Groups),
            new ConsumerGroupDescribeHandler(groups),
        ];
        string clusterId = metadata.Current.ClusterId;
        return new BrokerApis(codecs, recompressor, groups, transactions, stopping)
        {
            Handlers = HandlerTable.Create(handlers, served => new ApiVersionsHandler(served, clusterId, self.Value)),
        };
    }

    private static TransactionCoordinator Transactions(
        BrokerConfigSource config, ClusterMember member, PartitionRegistry partitions, CompressionCodecs codecs, ITransactionMarkers markers, BrokerPlatform platform)
    {
        ILogger logger = platform.Loggers.CreateLogger<TransactionCoordinator>();
        var ids = new ProducerIds(member.ProducerIds, logger);
        var services = new TransactionServices(
            markers,
            ids,
            new TransactionBudget(() => config.Current.Transactions.Transactions.MaxBytes),
            () => config.Current.Transactions.Transactions,
            () => platform.Time.GetUtcNow().ToUnixTimeMilliseconds(),
            partition => member.Metadata.Current.TryGetTopic(partition.Topic, out TopicImage? topic) && partition.Partition < topic.Partitions.Length,
            logger)
        {
            RunLong = static work => ThreadPool.UnsafeQueueUserWorkItem(static work => work(), work, preferLocal: false),
        };
        var shards = new CoordinatorShardFactory<TransactionShard>(
            term => new TransactionShard(term, services), new CoordinatorLoader(codecs, logger), () => config.Current.RequestTimeout, platform.Time, logger);
        return new TransactionCoordinator(
            new CoordinatorRuntime<TransactionShard>(InternalTopics.TransactionState, partitions, member.Metadata, shards),
            ids,
            () => config.Current.Transactions.Transactions);
    }

    private BrokerApis(
        CompressionCodecs codecs, Recompressor recompressor, GroupCoordinator groups, TransactionCoordinator transactions, CancellationTokenSource stopping)
    {
        _transactions = transactions;
        _stopping = stopping;
        _codecs = codecs;
        _recompressor = recompressor;
        _groups = groups;
    }

    /// <summary>Answers requests that wait for something to happen: the broker stops.</summary>
    public Task StopWaitingAsync()
    {
        _transactions.Dispose();
        _groups.Dispose();
        return _stopping.CancelAsync();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _transactions.Dispose();
        _groups.Dispose();
        _stopping.Dispose();
        _codecs.Dispose();
        _recompressor.Dispose();
    }
}
