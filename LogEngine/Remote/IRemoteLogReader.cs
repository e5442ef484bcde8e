using KBroker.Protocol.Identity;

namespace KBroker.LogEngine.Remote;

/// <summary>
/// Reads what a remote store holds of logs (KIP-405): copies of ended segments, from a log's start without a gap to the end that
/// the owner of the log was told of and passed on by <see cref="PartitionLog.AdvanceRemoteEndOffset"/>.
/// </summary>
/// <remarks>
/// A log never calls it: a read that meets an offset held only there says <see cref="LogReadStatus.OnlyRemote"/> at once, and
/// whoever serves the reader asks the store without holding anything of the log.
/// </remarks>
public interface IRemoteLogReader
{
    /// <summary>
    /// Whole batches from the one that holds <paramref name="offset"/> on, at most <paramref name="maxBytes"/> but at least one;
    /// empty when the store does not hold the offset.
    /// </summary>
    ValueTask<ReadOnlyMemory<byte>> ReadAsync(
        TopicPartition partition, Guid topicId, long offset, int maxBytes, CancellationToken cancellationToken);
}
