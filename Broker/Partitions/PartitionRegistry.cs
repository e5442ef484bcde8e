using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using KBroker.Protocol;

namespace KBroker.Broker.Partitions;

/// <summary>
/// The replicas on this broker, found by topic name (also as the UTF-8 bytes of a request) or topic id. Lookups read one
/// immutable snapshot; only the reconciler changes it.
/// </summary>
public sealed class PartitionRegistry
{
    private readonly Lock _lock = new();
    private volatile Snapshot _snapshot = Snapshot.Empty;
    private volatile OfflineReplicas _offline = OfflineReplicas.None;

    /// <summary>All replicas.</summary>
    public IEnumerable<Partition> All => _snapshot.ById.Values.SelectMany(topic => topic.Partitions.Values);

    /// <summary>The number of replicas.</summary>
    public int Count => _snapshot.ById.Values.Sum(topic => topic.Partitions.Count);

    /// <summary>Finds a replica by topic name.</summary>
    public bool TryGet(string topic, int index, [NotNullWhen(true)] out Partition? partition)
    {
        partition = null;
        return _snapshot.ByName.TryGetValue(topic, out TopicReplicas? replicas) && replicas.Partitions.TryGetValue(index, out partition);
    }

    /// <summary>Finds a topic by the bytes of its name.</summary>
    public bool TryGetTopic(ReadOnlySpan<byte> utf8Name, [NotNullWhen(true)] out TopicReplicas? topic) =>
        _snapshot.ByUtf8Name.TryGetValue(utf8Name, out topic);

    /// <summary>Finds a topic by its id.</summary>
    public bool TryGetTopic(Guid id, [NotNullWhen(true)] out TopicReplicas? topic) => _snapshot.ById.TryGetValue(id, out topic);

    /// <summary>
    /// What to answer for a replica that is not found: KAFKA_STORAGE_ERROR while its log lies in a log directory that is out of
    /// service, UNKNOWN_TOPIC_OR_PARTITION otherwise.
    /// </summary>
    public ErrorCode WhyMissing(string topic, int index) =>
        _offline.ByName.Contains((topic, index)) ? ErrorCode.KafkaStorageError : ErrorCode.UnknownTopicOrPartition;

    /// <summary>The same by topic id; <paramref name="otherwise"/> is the answer if nothing is known of the replica.</summary>
    public ErrorCode WhyMissing(Guid topic, int index, ErrorCode otherwise) =>
        _offline.ById.Contains((topic, index)) ? ErrorCode.KafkaStorageError : otherwise;

    /// <summary>Whether a replica is here and cannot be used, as its log directory is out of service.</summary>
    public bool IsOffline(Guid topic, int index) => _offline.ById.Contains((topic, index))
        || (TryGetTopic(topic, out TopicReplicas? replicas) && replicas.Partitions.TryGetValue(index, out Partition? partition)
            && partition.Leadership.Role == PartitionRole.Offline);

    /// <summary>Notes whether the log of a replica that could not be made lies in a log directory that is out of service.</summary>
    public void SetOffline(string topic, Guid topicId, int index, bool isOffline)
    {
        lock (_lock)
        {
            OfflineReplicas now = _offline;
            _offline = isOffline
                ? new(now.ByName.Add((topic, index)), now.ById.Add((topicId, index)))
                : new(now.ByName.Remove((topic, index)), now.ById.Remove((topicId, index)));
        }
    }

    /// <summary>Adds replicas; one that is there already is replaced.</summary>
    public void Add(IEnumerable<Partition> partitions)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        lock (_lock) _snapshot = _snapshot.With(partitions);
    }

    /// <summary>Removes replicas, if they are still the ones registered.</summary>
    public void Remove(IEnumerable<Partition> partitions)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        lock (_lock) _snapshot = _snapshot.Without(partitions);
    }

    private sealed record OfflineReplicas(ImmutableHashSet<(string Topic, int Index)> ByName, ImmutableHashSet<(Guid TopicId, int Index)> ById)
    {
        public static readonly OfflineReplicas None = new([], []);
    }

    private sealed class Snapshot
    {
        public static readonly Snapshot Empty = new([]);

        private Snapshot(Dictionary<Guid, TopicReplicas> byId)
        {
            ById = byId;
            ByName = new Dictionary<string, TopicReplicas>(byId.Count, TopicNameComparer.Instance);
            foreach (TopicReplicas topic in byId.Values) ByName[topic.Name] = topic;
            ByUtf8Name = ByName.GetAlternateLookup<ReadOnlySpan<byte>>();
        }

        public Dictionary<Guid, TopicReplicas> ById { get; }

        public Dictionary<string, TopicReplicas> ByName { get; }

        public Dictionary<string, TopicReplicas>.AlternateLookup<ReadOnlySpan<byte>> ByUtf8Name { get; }

        public Snapshot With(IEnumerable<Partition> partitions)
        {
            var byId = new Dictionary<Guid, TopicReplicas>(ById);
            foreach (IGrouping<Guid, Partition> topic in partitions.GroupBy(partition => partition.TopicId))
            {
                Dictionary<int, Partition> replicas = byId.TryGetValue(topic.Key, out TopicReplicas? known)
                    ? new(known.Partitions) : [];
                string name = "";
                foreach (Partition partition in topic)
                {
                    name = partition.TopicPartition.Topic;
                    replicas[partition.TopicPartition.Partition] = partition;
                }

                byId[topic.Key] = new TopicReplicas(name, topic.Key, replicas.ToFrozenDictionary());
            }

            return new Snapshot(byId);
        }

        public Snapshot Without(IEnumerable<Partition> partitions)
        {
            var byId = new Dictionary<Guid, TopicReplicas>(ById);
            foreach (Partition partition in partitions)
            {
                if (!byId.TryGetValue(partition.TopicId, out TopicReplicas? topic)) continue;
                var rest = topic.Partitions.Where(entry => !ReferenceEquals(entry.Value, partition)).ToDictionary();
                if (rest.Count == 0) byId.Remove(topic.Id);
                else byId[topic.Id] = topic with { Partitions = rest.ToFrozenDictionary() };
            }

            return new Snapshot(byId);
        }
    }
}

/// <summary>The replicas of one topic on this broker.</summary>
/// <param name="Name">The topic.</param>
/// <param name="Id">Its id.</param>
/// <param name="Partitions">The replicas by partition number.</param>
public sealed record TopicReplicas(string Name, Guid Id, FrozenDictionary<int, Partition> Partitions);
