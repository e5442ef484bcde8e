using KBroker.Broker.Configuration;
using KBroker.Controller.Metadata;
using KBroker.LogEngine;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Partitions;

/// <summary>
/// Makes this broker's replicas what the newest metadata image says: creates logs, takes or gives up leadership, applies
/// settings, deletes. Runs on the thread that publishes the image, so that a request to the controller is answered when its
/// effect is there.
/// </summary>
public sealed partial class PartitionReconciler
{
    // Making a log waits for the disk a few times; logs of one image are made side by side.
    private const int Parallelism = 8;

    private readonly BrokerId _self;
    private readonly PartitionRegistry _registry;
    private readonly LogDirectories _logs;
    private readonly Func<BrokerConfig> _config;
    private readonly IReadOnlyDictionary<TopicPartition, long> _highWatermarks;
    private readonly ILogger<PartitionReconciler> _logger;
    private readonly Lock _applying = new();
    private readonly HashSet<(Guid TopicId, int Partition)> _missing = [];
    private ClusterMetadataImage _image = ClusterMetadataImage.Empty;

    /// <param name="self">This broker.</param>
    /// <param name="registry">The replicas, which only this class changes.</param>
    /// <param name="logs">Their logs.</param>
    /// <param name="config">The broker's settings in force.</param>
    /// <param name="highWatermarks">The high watermarks of the last checkpoint.</param>
    /// <param name="logger">Hears of replicas that cannot be served.</param>
    public PartitionReconciler(
        BrokerId self,
        PartitionRegistry registry,
        LogDirectories logs,
        Func<BrokerConfig> config,
        IReadOnlyDictionary<TopicPartition, long> highWatermarks,
        ILogger<PartitionReconciler> logger)
    {
        _self = self;
        _registry = registry;
        _logs = logs;
        _config = config;
        _highWatermarks = highWatermarks;
        _logger = logger;
    }

    /// <summary>Takes over an image.</summary>
    public void Apply(MetadataUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        lock (_applying)
        {
            _image = update.Image;
            Reconcile(update);
        }
    }

    /// <summary>
    /// Tries again what could not be made when its image came, for instance on a full disk. Until then such a partition is unknown
    /// here, and clients ask again.
    /// </summary>
    public void RetryMissing()
    {
        lock (_applying)
        {
            if (_missing.Count == 0) return;
            Guid[] topics = [.. _missing.Select(one => one.TopicId).Distinct()];
            _missing.Clear();
            Serve(_image, [.. topics.Select(id => _image.TryGetTopic(id, out TopicImage? topic) ? topic : null).OfType<TopicImage>()]);
        }
    }

    private void Reconcile(MetadataUpdate update)
    {
        ClusterMetadataDelta delta = update.Delta;
        if (delta.IsFull)
        {
            Remove(_registry.All.Where(partition => !update.Image.TryGetTopic(partition.TopicId, out _)));
            Serve(update.Image, update.Image.Topics);
            LogStrays(update.Image);
            return;
        }

        foreach (TopicImage topic in delta.DeletedTopics)
        {
            foreach (PartitionImage partition in topic.Partitions) _registry.SetOffline(topic.Name, topic.Id, partition.Id, false);
        }

        // A topic deleted and created again has two ids: the old replicas go before the new ones come.
        Remove(delta.DeletedTopics.SelectMany(topic => _registry.TryGetTopic(topic.Id, out TopicReplicas? replicas) ? replicas.Partitions.Values : []));
        Serve(update.Image, [.. delta.CreatedTopics, .. delta.ChangedTopics.Select(change => change.Topic)]);
        // A change of the brokers' defaults reaches topics that do not set the same themselves.
        IEnumerable<Partition> resettled = delta.BrokerConfigs.Count > 0
            ? _registry.All
            : _registry.All.Where(partition => delta.TopicConfigs.ContainsKey(partition.TopicPartition.Topic));
        foreach (Partition partition in resettled)
            partition.UpdateSettings(Settings(update.Image, partition.TopicPartition.Topic));
    }

    private void Serve(ClusterMetadataImage image, IEnumerable<TopicImage> topics)
    {
        List<(TopicImage Topic, PartitionImage Partition)> wanted =
            [.. topics.SelectMany(topic => topic.Partitions.Where(partition => partition.Replicas.Contains(_self)).Select(partition => (topic, partition)))];
        var made = new Partition?[wanted.Count];
        Parallel.For(0, wanted.Count, new ParallelOptions { MaxDegreeOfParallelism = Parallelism }, i =>
        {
            (TopicImage topic, PartitionImage decision) = wanted[i];
            Partition? partition = _registry.TryGetTopic(topic.Id, out TopicReplicas? replicas)
                && replicas.Partitions.TryGetValue(decision.Id, out Partition? known) ? known : null;
            if (partition is null) made[i] = partition = TryCreate(image, topic, decision);
            partition?.Apply(Leadership(decision));
            _registry.SetOffline(topic.Name, topic.Id, decision.Id, partition is null && !IsNew(decision) && IsWithheld(new TopicPartition(topic.Name, decision.Id)));
            if (partition is null)
            {
                lock (_missing) _missing.Add((topic.Id, decision.Id));
            }
        });
        _registry.Add(made.OfType<Partition>());
    }

    private Partition? TryCreate(ClusterMetadataImage image, TopicImage topic, PartitionImage decision)
    {
        var name = new TopicPartition(topic.Name, decision.Id);
        try
        {
            PartitionSettings settings = Settings(image, topic.Name);
            if (_logs.Find(name) is { } found) ClearName(found, topic, decision);
            PartitionLog log = _logs.GetOrCreate(name, topic.Id, settings.Log, IsNew(decision));
            if (log.TopicId == Guid.Empty) log.AssignTopicId(topic.Id);
            log.UpdateConfig(settings.Log);
            return new Partition(_self, topic.Id, log, _highWatermarks.GetValueOrDefault(name), settings);
        }
        catch (Exception e)
        {
            // Whatever is wrong with one partition, the others are served.
            LogUnavailable(_logger, name, e);
            return null;
        }
    }

    /// <summary>Gets a log that is not the partition's out of its place.</summary>
    /// <exception cref="LogDirectoryException">The partition has records that must be somewhere else.</exception>
    private void ClearName(PartitionLog found, TopicImage topic, PartitionImage decision)
    {
        if (found.TopicId == topic.Id) return;
        bool isNew = IsNew(decision);
        if (found.TopicId == Guid.Empty)
        {
            // Records from before topic ids, whose topic was not adopted: what is adopted has its topic's id before there is the topic.
            if (!isNew || found.LogEndOffset == 0) return;
            LogOwnerless(_logger, found.Directory, found.TopicPartition, Uuid.Format(topic.Id));
        }
        else
        {
            // What another topic of this name left behind, or was copied here, must never be read as this one's.
            LogForeign(_logger, found.Directory, Uuid.Format(found.TopicId), found.TopicPartition, Uuid.Format(topic.Id));
            if (!isNew) throw new LogDirectoryException($"{found.Directory} is in the place of the log of {found.TopicPartition}; move it away and put the log back, or delete the topic");
        }

        _logs.SetAside(found.TopicPartition);
    }

    /// <summary>Whether the partition's log is, or may be, where it cannot be used.</summary>
    private bool IsWithheld(TopicPartition partition) => _logs.IsAnyOutOfService || _logs.IsUnreadable(partition);

    // A partition that has been led before has its log in some directory, if only in one that is out of service: an empty log in its
    // place would lose what was acknowledged.
    private static bool IsNew(PartitionImage decision) => decision.LeaderEpoch.Value == 0;

    private void Remove(IEnumerable<Partition> partitions)
    {
        List<Partition> gone = [.. partitions];
        _registry.Remove(gone);
        foreach (Partition partition in gone)
        {
            partition.GoOffline();
            try
            {
                _logs.Delete(partition.TopicPartition);
            }
            catch (StorageException e)
            {
                LogUnavailable(_logger, partition.TopicPartition, e);
            }
        }
    }

    private PartitionSettings Settings(ClusterMetadataImage image, string topic) =>
        TopicSettings.From(_config().TopicDefaults.Resolve(image.TopicConfig(topic)));

    private PartitionLeadership Leadership(PartitionImage decision)
    {
        PartitionRole role = decision.Leader == _self ? PartitionRole.Leader : PartitionRole.Follower;
        return new PartitionLeadership(
            role, decision.Leader, decision.LeaderEpoch, decision.PartitionEpoch, decision.Replicas, decision.Isr);
    }

    private void LogStrays(ClusterMetadataImage image)
    {
        foreach (PartitionLog log in _logs.Logs)
        {
            if (!image.TryGetTopic(log.TopicPartition.Topic, out _)) LogStray(_logger, log.Directory);
        }
    }

    [LoggerMessage(3001, LogLevel.Error, "{Partition} cannot be served")]
    private static partial void LogUnavailable(ILogger logger, TopicPartition partition, Exception failure);

    [LoggerMessage(3002, LogLevel.Warning, "{Directory} holds the log of a topic with id {FoundId}, and {Partition} has topic id {TopicId}: it is not read")]
    private static partial void LogForeign(ILogger logger, string directory, string foundId, TopicPartition partition, string topicId);

    [LoggerMessage(3003, LogLevel.Warning, "{Directory} belongs to no topic of this cluster and is left alone; kbroker.adopt.logs=true would register its topic")]
    private static partial void LogStray(ILogger logger, string directory);

    [LoggerMessage(3004, LogLevel.Warning, "{Directory} holds records of a topic that is not known, and {Partition} is created with topic id {TopicId}: they are not read")]
    private static partial void LogOwnerless(ILogger logger, string directory, TopicPartition partition, string topicId);
}
