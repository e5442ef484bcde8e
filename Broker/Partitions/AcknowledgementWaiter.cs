using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Partitions;

/// <summary>A Produce that waits until what it appended to one partition is on the disk, or on enough replicas, as it and the topic ask.</summary>
internal sealed class AcknowledgementWaiter : IProgressWaiter
{
    private readonly TaskCompletionSource<ErrorCode> _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Partition _partition;
    private readonly long _nextOffset;
    private readonly LeaderEpoch _epoch;
    private readonly bool _allReplicas;

    private AcknowledgementWaiter(Partition partition, long nextOffset, LeaderEpoch epoch, bool allReplicas)
    {
        _partition = partition;
        _nextOffset = nextOffset;
        _epoch = epoch;
        _allReplicas = allReplicas;
    }

    /// <summary>
    /// Waits for <see cref="Partition.Acknowledgement"/>. Another term of leadership gives NOT_LEADER_OR_FOLLOWER, a failed disk
    /// KAFKA_STORAGE_ERROR, the deadline REQUEST_TIMED_OUT: in each case the records may or may not survive.
    /// </summary>
    public static async Task<ErrorCode> WaitAsync(
        Partition partition, long nextOffset, LeaderEpoch epoch, bool allReplicas, TimeSpan timeout, TimeProvider time)
    {
        // By the time that one of a request's appends is settled, most of the others are too.
        if (partition.Acknowledgement(nextOffset, epoch, allReplicas) is { } known) return known;
        var waiter = new AcknowledgementWaiter(partition, nextOffset, epoch, allReplicas);
        int slot = partition.AddWaiter(waiter);
        try
        {
            using ITimer deadline = time.CreateTimer(
                static state => ((AcknowledgementWaiter)state!)._settled.TrySetResult(ErrorCode.RequestTimedOut),
                waiter,
                timeout,
                Timeout.InfiniteTimeSpan);
            // What moved before the registration has signalled nobody.
            waiter.OnProgress(partition, 0, mustReread: true);
            return await waiter._settled.Task.ConfigureAwait(false);
        }
        finally
        {
            partition.RemoveWaiter(waiter, slot);
        }
    }

    /// <inheritdoc/>
    public void OnProgress(Partition partition, long bytes, bool mustReread)
    {
        if (_partition.Acknowledgement(_nextOffset, _epoch, _allReplicas) is { } answer) _settled.TrySetResult(answer);
    }
}
