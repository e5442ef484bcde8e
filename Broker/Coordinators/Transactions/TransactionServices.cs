using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>What a coordinator of transactions needs of the world, for all its terms.</summary>
/// <param name="Markers">Tells the partitions of the end of a transaction.</param>
/// <param name="ProducerIds">Producer ids that nobody has.</param>
/// <param name="Budget">The memory of all shards.</param>
/// <param name="Settings">The settings in force.</param>
/// <param name="WallClockMs">The time of day, for records: milliseconds since 1970.</param>
/// <param name="Exists">Whether a partition exists: those of a topic that was deleted are not told of a transaction's end.</param>
/// <param name="Logger">Hears of transactions that were aborted for their producers, and of ends that take long.</param>
public sealed record TransactionServices(
    ITransactionMarkers Markers,
    IProducerIds ProducerIds,
    TransactionBudget Budget,
    Func<TransactionConfig> Settings,
    Func<long> WallClockMs,
    Func<TopicPartition, bool> Exists,
    ILogger Logger)
{
    /// <summary>The settings in force.</summary>
    public TransactionConfig Config => Settings();

    /// <summary>Runs work that is too long for a loop, elsewhere; by default where it is asked for.</summary>
    public Action<Action> RunLong { get; init; } = static work => work();
}
