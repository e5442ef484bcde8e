using System.Collections.Concurrent;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Broker.Partitions;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Coordinators;

/// <summary>
/// The coordinators of one kind on this broker: a shard for each partition of their topic that this broker leads. Keys find their
/// partition by Java's hash of them, as in Kafka, so that brokers of both kinds agree.
/// </summary>
/// <typeparam name="TMachine">The state machine of a partition.</typeparam>
internal sealed class CoordinatorRuntime<TMachine> : IDisposable
    where TMachine : class, ICoordinatorMachine
{
    private readonly string _topic;
    private readonly PartitionRegistry _partitions;
    private readonly MetadataFeed _metadata;
    private readonly CoordinatorShardFactory<TMachine> _factory;
    private readonly ConcurrentDictionary<int, CoordinatorShard<TMachine>> _shards = new();
    private readonly Lock _changing = new();
    private readonly IDisposable _subscription;
    private bool _stopped;

    /// <param name="topic">The internal topic.</param>
    /// <param name="partitions">The replicas here, changed before the metadata is told of here.</param>
    /// <param name="metadata">Who leads what.</param>
    /// <param name="factory">Makes shards.</param>
    public CoordinatorRuntime(string topic, PartitionRegistry partitions, MetadataFeed metadata, CoordinatorShardFactory<TMachine> factory)
    {
        _topic = topic;
        _partitions = partitions;
        _metadata = metadata;
        _factory = factory;
        _subscription = metadata.Subscribe(_ => Follow());
    }

    /// <summary>The shards that answer or load.</summary>
    public IEnumerable<CoordinatorShard<TMachine>> Shards => _shards.Values;

    /// <summary>The number of the partition that a key belongs to; -1 while the topic does not exist.</summary>
    public int PartitionFor(string key) =>
        _metadata.Current.TryGetTopic(_topic, out TopicImage? topic) && topic.Partitions.Length > 0 ? CoordinatorKey.PartitionFor(key, topic.Partitions.Length) : -1;

    /// <summary>The partition that a key belongs to, if this broker coordinates it.</summary>
    /// <returns>Why it does not, or not yet; None if it does.</returns>
    public ErrorCode FindPartition(string key, out Partition? partition)
    {
        partition = null;
        int number = PartitionFor(key);
        if (number < 0) return ErrorCode.CoordinatorNotAvailable;
        if (!_shards.TryGetValue(number, out CoordinatorShard<TMachine>? shard)) return ErrorCode.NotCoordinator;
        partition = shard.Partition;
        return shard.Refusal;
    }

    /// <summary>Steps the machine that a key belongs to.</summary>
    /// <param name="key">A group id or a transactional id.</param>
    /// <param name="work">What to do with the machine.</param>
    /// <param name="refused">Called instead when this broker does not answer for the key.</param>
    public void Run(string key, Action<TMachine> work, Action<ErrorCode> refused)
    {
        int partition = PartitionFor(key);
        if (partition < 0) refused(ErrorCode.CoordinatorNotAvailable);
        else if (_shards.TryGetValue(partition, out CoordinatorShard<TMachine>? shard)) shard.Run(work, refused);
        else refused(ErrorCode.NotCoordinator);
    }

    /// <summary>See <see cref="CoordinatorShard{TMachine}.CompleteTransaction"/>.</summary>
    public void CompleteTransaction(int partition, TransactionEnd end, Action<ErrorCode> done)
    {
        if (_shards.TryGetValue(partition, out CoordinatorShard<TMachine>? shard)) shard.CompleteTransaction(end, done);
        else done(ErrorCode.NotCoordinator);
    }

    /// <summary>Ends all shards: the broker stops.</summary>
    public void Dispose()
    {
        lock (_changing)
        {
            if (_stopped) return;
            _stopped = true;
            _subscription.Dispose();
            foreach (CoordinatorShard<TMachine> shard in _shards.Values) shard.End(ErrorCode.NotCoordinator);
            _shards.Clear();
        }
    }

    private void Follow()
    {
        lock (_changing)
        {
            if (_stopped) return;
            TopicReplicas? topic = _metadata.Current.TryGetTopic(_topic, out TopicImage? image) && _partitions.TryGetTopic(image.Id, out TopicReplicas? replicas) ? replicas : null;
            foreach ((int number, CoordinatorShard<TMachine> shard) in _shards)
            {
                if (topic is not null && topic.Partitions.TryGetValue(number, out Partition? partition) && ReferenceEquals(partition, shard.Partition)
                    && Leads(partition, out LeaderEpoch epoch) && epoch == shard.Epoch)
                {
                    continue;
                }

                _shards.TryRemove(number, out _);
                shard.End(ErrorCode.NotCoordinator);
            }

            if (topic is null) return;
            foreach ((int number, Partition partition) in topic.Partitions)
            {
                if (_shards.ContainsKey(number) || !Leads(partition, out LeaderEpoch epoch)) continue;
                CoordinatorShard<TMachine> shard = _factory.Create(partition, epoch);
                _shards[number] = shard;
                shard.Load();
            }
        }
    }

    private static bool Leads(Partition partition, out LeaderEpoch epoch)
    {
        PartitionLeadership leadership = partition.Leadership;
        epoch = leadership.LeaderEpoch;
        return leadership.Role == PartitionRole.Leader;
    }
}
