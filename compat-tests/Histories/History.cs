namespace KBroker.Compat.Tests.Histories;

/// <summary>What happened in a test of transactions, as those who took part know it.</summary>
/// <param name="Transactions">What producers tried.</param>
/// <param name="Observations">What read_committed consumers saw meanwhile, each session in its order.</param>
/// <param name="Final">All partitions from the start to the end, read when everything was over.</param>
internal sealed record History(
    IReadOnlyList<TransactionRecord> Transactions, IReadOnlyList<Observation> Observations, IReadOnlyList<Observation> Final)
{
    /// <summary>Offsets that were asked for meanwhile.</summary>
    public IReadOnlyList<OffsetSample> Samples { get; init; } = [];
}
