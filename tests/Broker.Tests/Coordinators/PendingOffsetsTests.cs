using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Protocol;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>Offsets that a producer's open transaction holds back.</summary>
public sealed class PendingOffsetsTests
{
    private static readonly OffsetKey Key = new("t", 0);

    private readonly GroupRig _rig = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ReplayEnd_PendingOffset_CountsIfItWasCommitted(bool committed)
    {
        Assert.Equal(ErrorCode.None, Commit(5, producerId: 7));
        Assert.Null(_rig.Committed());
        Assert.True(_rig.Shard.Offsets.IsOpen("g", Key));
        _rig.Shard.ReplayEnd(8, committed);
        Assert.True(_rig.Shard.Offsets.HasOpen("g"));
        _rig.Shard.ReplayEnd(7, committed);
        Assert.Equal(committed ? 5 : null, _rig.Committed());
        Assert.False(_rig.Shard.Offsets.HasOpen("g"));
    }

    [Fact]
    public void ReplayEnd_OffsetCommittedMeanwhile_LaterOneWins()
    {
        Commit(5, producerId: 7);
        Commit(6);
        Commit(4, producerId: 8);
        _rig.Shard.ReplayEnd(7, committed: true);
        Assert.Equal(6, _rig.Committed());
        _rig.Shard.ReplayEnd(8, committed: true);
        Assert.Equal(4, _rig.Committed());
    }

    [Fact]
    public void Fetch_TwoOpenTransactions_IsStableOnceBothHaveEnded()
    {
        Commit(5, producerId: 7);
        Commit(6, producerId: 8);
        _rig.Shard.ReplayEnd(8, committed: false);
        Assert.True(_rig.Shard.Offsets.IsOpen("g", Key));
        _rig.Shard.ReplayEnd(7, committed: false);
        Assert.False(_rig.Shard.Offsets.IsOpen("g", Key));
    }

    [Fact]
    public void OnTopicsDeleted_PendingOffset_DoesNotComeBack()
    {
        Commit(5, producerId: 7);
        _rig.Shard.OnTopicsDeleted(new HashSet<string> { "t" });
        _rig.Shard.ReplayEnd(7, committed: true);
        Assert.Null(_rig.Committed());
    }

    [Fact]
    public void OnTopicsDeleted_LogRefused_ForgetsThemTheNextTime()
    {
        Commit(5);
        _rig.Log.Refusal = ErrorCode.NotCoordinator;
        _rig.Shard.OnTopicsDeleted(new HashSet<string> { "t", "other" });
        Assert.Equal(5, _rig.Committed());
        _rig.Log.Refusal = ErrorCode.None;
        _rig.Shard.OnTopicsDeleted(new HashSet<string> { "t", "other" });
        Assert.Null(_rig.Committed());
        int records = _rig.Log.Records.Count;
        _rig.Shard.OnTopicsDeleted(new HashSet<string> { "t", "other" });
        Assert.Equal(records, _rig.Log.Records.Count);
    }

    [Fact]
    public void Delete_PendingOffset_GoesWithItsGroup()
    {
        Commit(5, producerId: 7);
        ErrorCode? deleted = null;
        _rig.Shard.Delete("g", error => deleted = error);
        Assert.Equal(ErrorCode.None, deleted);
        _rig.Shard.ReplayEnd(7, committed: true);
        Assert.Null(_rig.Committed());
        Assert.DoesNotContain("g", _rig.Shard.Offsets.Groups);
    }

    [Fact]
    public void Expiry_PendingOffset_KeepsWhatItIsAboutToChange()
    {
        Commit(4);
        Commit(5, producerId: 7);
        _rig.Advance(30L * 24 * 60 * 60 * 1000);
        Assert.Equal(4, _rig.Committed());
        _rig.Shard.ReplayEnd(7, committed: false);
        _rig.Advance(24 * 60 * 60 * 1000);
        Assert.Null(_rig.Committed());
    }

    [Fact]
    public void Start_PendingOffsetsAlone_MakeAGroup()
    {
        Commit(5, producerId: 7);
        Assert.Contains("g", _rig.Shard.Offsets.Groups);
        Assert.True(_rig.Shard.TryGet("g", out ClassicGroup? group));
        Assert.Equal(ClassicGroupState.Empty, group.State);
    }

    private ErrorCode Commit(long offset, long producerId = -1)
    {
        ErrorCode? answer = null;
        _rig.Shard.Commit(
            "g",
            new OffsetCommitter("", null, -1),
            -1,
            [new OffsetToCommit(Key, offset, -1, "")],
            errors => answer = errors[0],
            producerId < 0 ? null : new TransactionalProducer(producerId, 0));
        return answer ?? throw new InvalidOperationException("no answer");
    }
}
