using KBroker.LogEngine.Epochs;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Segments;

namespace KBroker.LogEngine.Recovery;

/// <summary>What the loader found of a log.</summary>
internal sealed record LoadedLog(
    SegmentStore Segments, LeaderEpochCache Epochs, Guid TopicId, long LogStartOffset, long LogEndOffset, long RecoveryPoint,
    LogProducers Producers);
