using KBroker.Broker.Partitions;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Coordinators;

/// <summary>Makes the shards of one kind of coordinator.</summary>
/// <typeparam name="TMachine">The state machine of a partition.</typeparam>
/// <param name="create">Makes an empty machine.</param>
/// <param name="loader">Fills it.</param>
/// <param name="commitTimeout">How long a commit may wait for replicas.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Hears of loads and bugs.</param>
internal sealed class CoordinatorShardFactory<TMachine>(
    Func<CoordinatorTerm, TMachine> create, CoordinatorLoader loader, Func<TimeSpan> commitTimeout, TimeProvider time, ILogger logger)
    where TMachine : class, ICoordinatorMachine
{
    /// <summary>A shard for one term of leadership, not loaded yet.</summary>
    public CoordinatorShard<TMachine> Create(Partition partition, LeaderEpoch epoch) =>
        new(partition, epoch, create, loader, commitTimeout(), time, logger);
}
