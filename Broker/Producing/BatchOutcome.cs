using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;

namespace KBroker.Broker.Producing;

/// <summary>What became of one partition's batch.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="NextOffset">The offset after the last record; -1 if nothing was appended.</param>
internal readonly record struct BatchOutcome(ProduceResponse.PartitionProduceResponse Answer, long NextOffset = -1)
{
    /// <summary>The batch, where it was refused because it begins a transaction that is not verified; else null.</summary>
    public RecordBatchSummary? Unverified { get; init; }
}
