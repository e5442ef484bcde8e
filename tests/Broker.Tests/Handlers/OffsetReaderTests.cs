using KBroker.Broker.Offsets;
using KBroker.Broker.Tests.Partitions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>What a leader may say of offsets while its followers are behind.</summary>
public sealed class OffsetReaderTests : IDisposable
{
    private readonly PartitionRig _rig = new();

    public OffsetReaderTests()
    {
        // One record that the other replica does not have, and then a new term.
        _rig.Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self, PartitionRig.Other));
        _rig.Partition.AppendAsLeader(PartitionRig.Batch(), allReplicas: false);
        _rig.Partition.Apply(PartitionRig.Leader(2, PartitionRig.Self, PartitionRig.Other));
    }

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData(OffsetReader.Latest, OffsetReaderKind.Consumer)]
    [InlineData(OffsetReader.Latest, OffsetReaderKind.CommittedConsumer)]
    [InlineData(OffsetReader.MaxTimestamp, OffsetReaderKind.Consumer)]
    [InlineData(0, OffsetReaderKind.Consumer)]
    [InlineData(long.MaxValue, OffsetReaderKind.Consumer)]
    public void Find_TermNotReplicatedYet_IsNotAvailableToConsumers(long timestamp, OffsetReaderKind reader) =>
        Assert.Equal(ErrorCode.OffsetNotAvailable, Find(timestamp, reader).Error);

    [Fact]
    public void Find_TermNotReplicatedYet_StartAndReplicasAreAnswered()
    {
        Assert.Equal(ListedOffset.Position(0, 1), Find(OffsetReader.Earliest, OffsetReaderKind.Consumer));
        Assert.Equal(ListedOffset.Position(1, 2), Find(OffsetReader.Latest, OffsetReaderKind.Replica));
        Assert.Equal(0, Find(0, OffsetReaderKind.Replica).Offset);
    }

    [Fact]
    public void Find_TermReplicated_IsAnsweredAgain()
    {
        _rig.Partition.Apply(PartitionRig.Leader(3, PartitionRig.Self));
        Assert.Equal(ListedOffset.Position(1, 3), Find(OffsetReader.Latest, OffsetReaderKind.Consumer));
        Assert.Equal((1_700_000_000_000, 0L, 1), (Find(0, OffsetReaderKind.Consumer).Timestamp, Find(0, OffsetReaderKind.Consumer).Offset, Find(0, OffsetReaderKind.Consumer).LeaderEpoch));
    }

    [Fact]
    public void Find_Follower_AnswersDebuggersOnly()
    {
        _rig.Partition.Apply(PartitionRig.Follower(3));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Find(OffsetReader.Latest, OffsetReaderKind.Consumer).Error);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Find(OffsetReader.Latest, OffsetReaderKind.Replica).Error);
        Assert.Equal(1, Find(OffsetReader.Latest, OffsetReaderKind.Debugger).Offset);
    }

    [Theory]
    [InlineData(1, ErrorCode.FencedLeaderEpoch)]
    [InlineData(3, ErrorCode.UnknownLeaderEpoch)]
    public void Find_OtherEpoch_IsFenced(int epoch, ErrorCode error) =>
        Assert.Equal(error, OffsetReader.Find(_rig.Partition, OffsetReader.Earliest, OffsetReaderKind.Consumer, new LeaderEpoch(epoch)).Error);

    private ListedOffset Find(long timestamp, OffsetReaderKind reader) => OffsetReader.Find(_rig.Partition, timestamp, reader, LeaderEpoch.Unknown);
}
