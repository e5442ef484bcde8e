using KBroker.Broker.Partitions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Partitions;

public sealed class PartitionTests : IDisposable
{
    private readonly PartitionRig _rig = new(("min.insync.replicas", "2"));

    private Partition Partition => _rig.Partition;

    [Fact]
    public void AppendAsLeader_NobodyLeadsYet_IsRefused()
    {
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Append().Error);
        Assert.Equal(0, Partition.Log.LogEndOffset);
    }

    [Fact]
    public void AppendAsLeader_Follower_IsRefused()
    {
        Partition.Apply(PartitionRig.Follower(1));

        Assert.Equal(ErrorCode.NotLeaderOrFollower, Append().Error);
    }

    [Fact]
    public void AppendAsLeader_OnlyReplicaInSync_IsCommittedAtOnce()
    {
        Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self));

        PartitionAppendResult appended = Append(records: 3);

        Assert.Equal((ErrorCode.None, 0L, 3L), (appended.Error, appended.BaseOffset, appended.NextOffset));
        Assert.Equal(3, Partition.HighWatermark);
    }

    [Fact]
    public void AppendAsLeader_AllReplicasButTooFewInSync_IsRefusedBeforeTheLog()
    {
        Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self));

        PartitionAppendResult refused = Append(allReplicas: true);

        Assert.Equal(ErrorCode.NotEnoughReplicas, refused.Error);
        Assert.Contains("min.isr requirement of 2", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, Partition.Log.LogEndOffset);
    }

    [Fact]
    public void Read_RecordsAnotherReplicaStillLacks_AreNotShown()
    {
        Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self, PartitionRig.Other));
        Append(records: 3);

        PartitionReadResult read = _rig.Read(0);

        Assert.Equal(3, Partition.Log.LogEndOffset);
        Assert.Equal((ErrorCode.None, 0L), (read.Error, read.HighWatermark));
        Assert.Null(read.Records);
    }

    [Fact]
    public async Task WaitAsync_LaggingReplicaLeavesTheIsr_IsAnswered()
    {
        Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self, PartitionRig.Other));
        long next = Append(allReplicas: true).NextOffset;
        Task<ErrorCode> waiting = AcknowledgementWaiter.WaitAsync(Partition, next, new LeaderEpoch(1), allReplicas: true, TimeSpan.FromMinutes(1), new ManualTimeProvider());
        Assert.False(waiting.IsCompleted);

        Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self) with { PartitionEpoch = new PartitionEpoch(2) });

        Assert.Equal(ErrorCode.None, await waiting);
        Assert.Equal(next, Partition.HighWatermark);
    }

    [Fact]
    public async Task WaitAsync_DeadlinePasses_TimesOut()
    {
        var time = new ManualTimeProvider();
        Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self, PartitionRig.Other));
        Task<ErrorCode> waiting = AcknowledgementWaiter.WaitAsync(Partition, Append().NextOffset, new LeaderEpoch(1), allReplicas: true, TimeSpan.FromSeconds(5), time);

        time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(ErrorCode.RequestTimedOut, await waiting);
    }

    [Fact]
    public async Task WaitAsync_LeadershipLost_IsNotAcknowledged()
    {
        Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self, PartitionRig.Other));
        Task<ErrorCode> waiting =
            AcknowledgementWaiter.WaitAsync(Partition, Append().NextOffset, new LeaderEpoch(1), allReplicas: true, TimeSpan.FromMinutes(1), new ManualTimeProvider());

        Partition.Apply(PartitionRig.Follower(2));

        Assert.Equal(ErrorCode.NotLeaderOrFollower, await waiting);
    }

    [Theory]
    [InlineData(4, ErrorCode.FencedLeaderEpoch)]
    [InlineData(5, ErrorCode.None)]
    [InlineData(6, ErrorCode.UnknownLeaderEpoch)]
    [InlineData(-1, ErrorCode.None)]
    public void Read_ReadersEpoch_IsFenced(int knownEpoch, ErrorCode expected)
    {
        Partition.Apply(PartitionRig.Leader(5, PartitionRig.Self));

        Assert.Equal(expected, _rig.Read(0, knownEpoch).Error);
    }

    [Theory]
    [InlineData(-5L)]
    [InlineData(3L)]
    [InlineData(long.MaxValue)]
    public void Read_OffsetOutsideTheLog_IsOutOfRange(long offset)
    {
        Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self));
        Append(records: 2);

        PartitionReadResult read = _rig.Read(offset);

        Assert.Equal((ErrorCode.OffsetOutOfRange, -1L, -1L), (read.Error, read.HighWatermark, read.LogStartOffset));
    }

    [Fact]
    public void Read_FirstBatchLargerThanTheLimit_IsGivenWhole()
    {
        Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self));
        Append();

        using var records = _rig.Read(0, maxBytes: 1).Records;

        Assert.Equal(PartitionRig.Batch().Length, records!.Length);
    }

    [Fact]
    public void Apply_OlderDecision_ChangesNothing()
    {
        Partition.Apply(PartitionRig.Leader(5, PartitionRig.Self));

        Partition.Apply(PartitionRig.Follower(4));

        Assert.Equal(ErrorCode.None, Append().Error);
        Assert.Equal(5, Partition.Leadership.LeaderEpoch.Value);
    }

    [Fact]
    public void DeleteRecordsBefore_HighWatermark_IsTheLimit()
    {
        Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self));
        Append(records: 3);

        Assert.Equal(ErrorCode.OffsetOutOfRange, Partition.DeleteRecordsBefore(4, out _));
        Assert.Equal(ErrorCode.None, Partition.DeleteRecordsBefore(2, out long start));
        Assert.Equal(2, start);
        Assert.Equal(ErrorCode.OffsetOutOfRange, _rig.Read(1).Error);
        Assert.Equal(ErrorCode.None, Partition.DeleteRecordsBefore(-1, out start));
        Assert.Equal(3, start);
    }

    [Fact]
    public void GoOffline_Partition_ServesNothing()
    {
        Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self));
        Append();

        Partition.GoOffline();

        Assert.Equal(ErrorCode.KafkaStorageError, Append().Error);
        Assert.Equal(ErrorCode.KafkaStorageError, _rig.Read(0).Error);
    }

    [Fact]
    public void Apply_AfterTheDiskFailed_StaysOffline()
    {
        Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self));
        Partition.GoOffline();

        Partition.Apply(PartitionRig.Leader(2, PartitionRig.Self));

        Assert.Equal(ErrorCode.KafkaStorageError, Append().Error);
        Assert.Equal(ErrorCode.KafkaStorageError, _rig.Read(0).Error);
    }

    public void Dispose() => _rig.Dispose();

    private PartitionAppendResult Append(int records = 1, bool allReplicas = false) =>
        Partition.AppendAsLeader(PartitionRig.Batch(records), allReplicas);
}
