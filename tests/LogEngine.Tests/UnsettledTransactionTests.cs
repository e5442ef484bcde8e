using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

/// <summary>Transactions whose marker the owner may still take back, when the producers come from a snapshot taken after the marker.</summary>
public sealed class UnsettledTransactionTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TruncateTo_BehindSnapshotAfterAnUncommittedMarker_LastStableOffsetStays(bool commit)
    {
        LogRig rig = Filled(commit);
        rig.Log.AdvanceCommittedEnd(6);
        Assert.Equal(4, rig.Log.LastStableOffset);
        rig.Log.TruncateTo(9);
        CheckSettledByItsMarker(rig);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Open_MarkerNotKnownToBeCommitted_LastStableOffsetIsBeforeItsTransaction(bool clean, bool commit)
    {
        LogRig rig = Filled(commit);
        Reopen(rig, clean);
        Assert.Equal(0, rig.Log.LastStableOffset);
        rig.Log.AdvanceCommittedEnd(6);
        CheckSettledByItsMarker(rig);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TruncateTo_BeforeTheOwnerTellsWhatIsCommitted_MarkersAreFoundAfter(bool clean)
    {
        LogRig rig = Filled(commit: true);
        Reopen(rig, clean);
        rig.Log.TruncateTo(9);
        rig.Log.AdvanceCommittedEnd(5);
        CheckSettledByItsMarker(rig);
    }

    [Fact]
    public void Open_SeveralTransactionsWithinEachOther_EachWaitsForItsMarker()
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0, transactional: true);
        rig.Produce(2, 0, 0, transactional: true);
        rig.Produce(3, 0, 0, transactional: true);
        rig.End(3, 0, commit: true);
        rig.End(1, 0, commit: false);
        rig.Log.Roll();
        rig.Produce(4, 0, 0, transactional: true);
        rig.End(2, 0, commit: true);
        rig.ReopenClean();
        long[] stable = [.. Enumerable.Range(1, 7).Select(end =>
        {
            rig.Log.AdvanceCommittedEnd(end);
            return rig.Log.LastStableOffset;
        })];
        Assert.Equal([0, 0, 0, 0, 1, 1, 5], stable);
    }

    [Fact]
    public void Open_LogStartRisesFirst_MarkersAreFoundAfter()
    {
        LogRig rig = Filled(commit: true);
        rig.ReopenClean();
        rig.Log.DeleteBefore(2);
        Assert.Equal(2, rig.Log.LastStableOffset);
        rig.Log.AdvanceCommittedEnd(5);
        CheckSettledByItsMarker(rig);
    }

    [Fact]
    public void AdvanceCommittedEnd_MarkersCannotBeRead_LastStableOffsetStaysAndTheDiskCountsAsFailed()
    {
        LogRig rig = Filled(commit: true);
        rig.ReopenClean();
        rig.Disk.Faults.Add(new DiskFault("read", 5, Forever: true));
        rig.Log.AdvanceCommittedEnd(6);
        Assert.Equal(0, rig.Log.LastStableOffset);
        Assert.False(rig.Log.IsOpen);
    }

    private static LogRig Filled(bool commit)
    {
        var rig = new LogRig(LogConfig.Default with { IndexIntervalBytes = 0 });
        rig.Append(4);
        rig.Produce(1, 0, 0, 1, transactional: true);
        rig.Append();
        rig.End(1, 0, commit);
        rig.Log.Roll();
        for (int i = 0; i < 5; i++) rig.Append();
        return rig;
    }

    private static void Reopen(LogRig rig, bool clean)
    {
        rig.Log.Flush();
        if (clean) rig.ReopenClean();
        else rig.ReopenUnclean();
    }

    private static void CheckSettledByItsMarker(LogRig rig)
    {
        Assert.Equal(4, rig.Log.LastStableOffset);
        rig.Log.AdvanceCommittedEnd(6);
        Assert.Equal(4, rig.Log.LastStableOffset);
        rig.Log.AdvanceCommittedEnd(8);
        Assert.Equal(8, rig.Log.LastStableOffset);
    }
}
