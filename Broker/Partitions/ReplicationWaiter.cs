using KBroker.Protocol;

namespace KBroker.Broker.Partitions;

/// <summary>A Produce with acks=all that waits until the high watermark of one partition covers what it appended.</summary>
internal sealed class ReplicationWaiter : IProgressWaiter
{
    private readonly TaskCompletionSource<ErrorCode> _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Partition _partition;
    private readonly long _nextOffset;
    private readonly int _leaderEpoch;

    private ReplicationWaiter(Partition partition, long nextOffset)
    {
        _partition = partition;
        _nextOffset = nextOffset;
        _leaderEpoch = partition.Leadership.LeaderEpoch.Value;
    }

    /// <summary>
    /// Waits until the high watermark reaches <paramref name="nextOffset"/>. Another term of leadership gives
    /// NOT_LEADER_OR_FOLLOWER, the deadline REQUEST_TIMED_OUT: in both cases the records may or may not survive.
    /// </summary>
    public static async Task<ErrorCode> WaitAsync(Partition partition, long nextOffset, TimeSpan timeout, TimeProvider time)
    {
        var waiter = new ReplicationWaiter(partition, nextOffset);
        partition.AddWaiter(waiter);
        try
        {
            using ITimer deadline = time.CreateTimer(
                static state => ((ReplicationWaiter)state!)._settled.TrySetResult(ErrorCode.RequestTimedOut),
                waiter,
                timeout,
                Timeout.InfiniteTimeSpan);
            // What moved before the registration has signalled nobody.
            waiter.OnProgress(partition, 0, mustReread: true);
            return await waiter._settled.Task.ConfigureAwait(false);
        }
        finally
        {
            partition.RemoveWaiter(waiter);
        }
    }

    /// <inheritdoc/>
    public void OnProgress(Partition partition, long bytes, bool mustReread)
    {
        PartitionLeadership leadership = _partition.Leadership;
        if (leadership.Role != PartitionRole.Leader || leadership.LeaderEpoch.Value != _leaderEpoch)
            _settled.TrySetResult(ErrorCode.NotLeaderOrFollower);
        else if (_partition.HighWatermark >= _nextOffset)
            _settled.TrySetResult(ErrorCode.None);
    }
}
