using KBroker.Broker.Configuration;
using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Broker.Metadata;
using KBroker.Controller;
using KBroker.Controller.Metadata;
using KBroker.Controller.ProducerIds;
using KBroker.LogEngine;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Producers;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Hosting;

/// <summary>
/// Registers topics for logs that belong to none: a directory that Kafka wrote, or one whose metadata was lost. What a topic's settings
/// were is not in the directory, so an adopted topic keeps everything until somebody says otherwise.
/// </summary>
internal sealed partial class LogAdoption(
    BrokerId self, IClusterController controller, IProducerIdBlocks producerIds, Random random, ILogger<LogAdoption> logger)
{
    // Ids that were given to producers of the other cluster which have not written yet, as its brokers hold them in blocks.
    private const int ProducerIdMargin = 100_000;

    // No cluster counts this far: a larger id is one that a client made up, since any idempotent batch may name one.
    private const long HighestProducerIdGiven = long.MaxValue / 2;

    // Kafka's offsets.topic.segment.bytes and transaction.state.log.segment.bytes.
    private const string InternalSegmentBytes = "104857600";

    private static readonly KeyValuePair<string, string?>[] KeepAll =
    [
        new(TopicConfigNames.RetentionMs, "-1"),
        new(TopicConfigNames.RetentionBytes, "-1"),
    ];

    private static readonly KeyValuePair<string, string?>[] Internal =
    [
        new(TopicConfigNames.CleanupPolicy, "compact"),
        new(TopicConfigNames.SegmentBytes, InternalSegmentBytes),
    ];

    /// <summary>Adopts what can be adopted, and says of the rest why not. Topics of the image are left alone.</summary>
    /// <exception cref="BrokerStartException">A log directory is out of service: which logs there are is not known.</exception>
    public async Task RunAsync(LogDirectories logs, ClusterMetadataImage image)
    {
        if (logs.Unavailable.Count > 0 || logs.All.Any(directory => directory.IsOffline))
        {
            string path = logs.Unavailable.Keys.FirstOrDefault() ?? logs.All.First(directory => directory.IsOffline).Path;
            throw new BrokerStartException(
                $"{path} cannot be used, so that partitions may be missing: logs are adopted only when every log directory can be read ({BrokerConfigNames.KBrokerAdoptLogs}).");
        }

        int topics = 0;
        int partitions = 0;
        IEnumerable<IGrouping<string, PartitionLog>> orphans = logs.Logs
            .Where(log => !image.TryGetTopic(log.TopicPartition.Topic, out _))
            .GroupBy(log => log.TopicPartition.Topic)
            .OrderBy(group => group.Key, StringComparer.Ordinal);
        await SkipProducerIdsAsync([.. orphans.SelectMany(group => group)]).ConfigureAwait(false);
        foreach (IGrouping<string, PartitionLog> group in orphans)
        {
            PartitionLog[] found = [.. group.OrderBy(log => log.TopicPartition.Partition)];
            if (Problem(found) is { } problem)
            {
                LogRefused(logger, group.Key, problem);
                continue;
            }

            NewTopic topic = Describe(group.Key, found);
            CreateTopicResult result = await CreateAsync(topic, validateOnly: true).ConfigureAwait(false);
            if (result.Error == ErrorCode.None)
            {
                // Before there is the topic: a log that does not say whose it is, is not taken for that of a new topic.
                foreach (PartitionLog log in found) log.AssignTopicId(topic.Id);
                result = await CreateAsync(topic, validateOnly: false).ConfigureAwait(false);
            }

            if (result.Error != ErrorCode.None)
            {
                LogRefused(logger, group.Key, result.Message ?? result.Error.Name());
                continue;
            }

            topics++;
            partitions += found.Length;
            LogAdopted(logger, group.Key, found.Length, Uuid.Format(result.TopicId));
        }

        if (topics > 0) LogSummary(logger, topics, partitions);
        else LogNothing(logger);
    }

    /// <summary>
    /// Before there are the topics: a producer whose id had been given to another one already would be told that its records are there,
    /// since the other's are.
    /// </summary>
    private async Task SkipProducerIdsAsync(PartitionLog[] logs)
    {
        if (logs.Length == 0) return;
        using var codecs = new CompressionCodecs();
        var loader = new CoordinatorLoader(codecs, logger);
        var ids = new HighestProducerId();
        long highest = 0;
        foreach (PartitionLog log in logs)
        {
            long madeUp = -1;
            foreach (ActiveProducer producer in log.ActiveProducers())
            {
                if (producer.ProducerId > HighestProducerIdGiven) madeUp = producer.ProducerId;
                else highest = Math.Max(highest, producer.ProducerId);
            }

            if (madeUp >= 0) LogMadeUpProducer(logger, log.TopicPartition.ToString(), madeUp);
            if (log.TopicPartition.Topic == InternalTopics.TransactionState) loader.Load(log, ids);
        }

        if (ids.Value > HighestProducerIdGiven) LogMadeUpProducer(logger, InternalTopics.TransactionState, ids.Value);
        else highest = Math.Max(highest, ids.Value);
        if (!await producerIds.SkipThroughAsync(highest + ProducerIdMargin).ConfigureAwait(false))
            throw new BrokerStartException("Logs cannot be adopted: the coordination store does not take the producer ids that they tell of.");
    }

    private async Task<CreateTopicResult> CreateAsync(NewTopic topic, bool validateOnly) =>
        (await controller.CreateTopicsAsync([topic], validateOnly).ConfigureAwait(false))[0];

    /// <summary>Why these logs, by rising partition number, do not make a topic.</summary>
    private static string? Problem(PartitionLog[] logs)
    {
        for (int i = 0; i < logs.Length; i++)
        {
            if (logs[i].TopicPartition.Partition != i)
            {
                return $"partition {i} is not here, but partition {logs[i].TopicPartition.Partition} is; put the missing directories into log.dirs "
                    + "(of a cluster with several brokers, each has only some partitions), or empty ones in their place";
            }
        }

        Guid[] ids = [.. logs.Select(log => log.TopicId).Where(id => id != Guid.Empty).Distinct()];
        return ids.Length <= 1 ? null : $"its partitions have different topic ids: {string.Join(", ", ids.Select(Uuid.Format))}";
    }

    private NewTopic Describe(string topic, PartitionLog[] logs) => new(
        topic,
        -1,
        -1,
        [.. logs.Select(log => KeyValuePair.Create<int, IReadOnlyList<BrokerId>>(log.TopicPartition.Partition, [self]))],
        InternalTopics.Contains(topic) ? Internal : KeepAll)
    {
        Id = logs.Select(log => log.TopicId).FirstOrDefault(id => id != Guid.Empty, Uuid.Create(random)),
        // Clients that have seen an epoch ignore leaders of an older one.
        FirstLeaderEpochs = [.. logs.Select(log => new LeaderEpoch(log.LatestEpoch.Value + 1))],
    };

    [LoggerMessage(4301, LogLevel.Information, "Adopted topic {Topic} with {Partitions} partitions and topic id {TopicId}")]
    private static partial void LogAdopted(ILogger logger, string topic, int partitions, string topicId);

    [LoggerMessage(4302, LogLevel.Warning, "Topic {Topic} is not adopted, and its logs are left alone: {Reason}")]
    private static partial void LogRefused(ILogger logger, string topic, string reason);

    [LoggerMessage(4303, LogLevel.Warning, "Adopted {Topics} topics with {Partitions} partitions. The settings they had are not known here: nothing of them is deleted (retention.ms=-1, retention.bytes=-1, cleanup.policy=delete) until you say so, for example with kbroker configs --alter --entity-type topics --entity-name TOPIC --add-config retention.ms=604800000. Take kbroker.adopt.logs=true out of the settings now")]
    private static partial void LogSummary(ILogger logger, int topics, int partitions);

    [LoggerMessage(4305, LogLevel.Warning, "{Partition} tells of producer {ProducerId}: no cluster gave this id, so it is passed over, and producer ids are given as if it were not there")]
    private static partial void LogMadeUpProducer(ILogger logger, string partition, long producerId);

    [LoggerMessage(4304, LogLevel.Warning, "kbroker.adopt.logs=true found nothing to adopt; take it out of the settings")]
    private static partial void LogNothing(ILogger logger);
}
