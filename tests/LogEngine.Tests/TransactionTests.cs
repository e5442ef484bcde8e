using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

public sealed class TransactionTests
{
    [Fact]
    public void LastStableOffset_OpenTransactions_StopsAtTheFirst()
    {
        var rig = new LogRig();
        rig.Append(2);
        rig.Produce(1, 0, 0, 2, transactional: true);
        rig.Produce(2, 0, 0, 1, transactional: true);
        rig.Append(1);
        Commit(rig);
        Assert.Equal(2, rig.Log.LastStableOffset);
        rig.End(1, 0, commit: true);
        Assert.Equal(2, rig.Log.LastStableOffset);
        Commit(rig);
        Assert.Equal(4, rig.Log.LastStableOffset);
        rig.End(2, 0, commit: false);
        Commit(rig);
        Assert.Equal(rig.Log.LogEndOffset, rig.Log.LastStableOffset);
    }

    [Fact]
    public void LastStableOffset_MarkerNotCommitted_StaysWhereTheTransactionBegins()
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0, 3, transactional: true);
        rig.End(1, 0, commit: true);
        rig.Append();
        rig.Log.AdvanceCommittedEnd(3);
        Assert.Equal(0, rig.Log.LastStableOffset);
        rig.Log.AdvanceCommittedEnd(4);
        Assert.Equal(4, rig.Log.LastStableOffset);
    }

    [Fact]
    public void LastStableOffset_LogStartBehindOpenTransaction_IsTheLogStart()
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0, 3, transactional: true);
        rig.Append(5);
        Commit(rig);
        rig.Log.DeleteBefore(5);
        Assert.Equal(5, rig.Log.LastStableOffset);
    }

    [Fact]
    public void AbortMarker_DiskFullButForTheLog_IsRefusedAndGoesOnWithRoom()
    {
        var rig = new LogRig(LogConfig.Default with { Preallocate = true, SegmentBytes = 1 << 20 });
        rig.Disk.Capacity = long.MaxValue - 1;
        rig.Log.Roll();
        rig.Produce(1, 0, 0, transactional: true);
        rig.Log.Roll();
        rig.Produce(1, 0, 1, transactional: true);
        long occupied = rig.Disk.Capacity - rig.Disk.FreeSpace("/data");
        rig.Disk.Capacity = occupied + TransactionIndex.EntrySize - 1;
        for (int i = 0; i < 2; i++)
        {
            Assert.True(Assert.Throws<StorageException>(() => rig.End(1, 0, commit: false)).IsNoSpace);
            Assert.True(rig.Log.IsOpen);
            Assert.Empty(rig.Failures);
            Assert.Equal(2, rig.Log.LogEndOffset);
        }

        rig.Log.Flush();
        rig.Disk.Capacity = long.MaxValue;
        Assert.Equal(2, rig.End(1, 0, commit: false).FirstOffset);
        // The name of the index that the refused marker made is not on the disk yet.
        Assert.True(rig.Log.Segments.NamesDirty);
        rig.Log.Flush();
        rig.Disk.LosePower();
        rig.ReopenUnclean();
        Commit(rig);
        Assert.Equal([new AbortedTransaction(1, 0, 2, 3)], rig.Log.Read(0, 1000, true, 3, withAborted: true).AbortedTransactions);
    }

    [Fact]
    public void CommitMarker_NoAbort_MakesNoTransactionIndex()
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0, transactional: true);
        rig.End(1, 0, commit: true);
        Assert.DoesNotContain(rig.Disk.List(rig.Path), entry => entry.Name.EndsWith(".txnindex", StringComparison.Ordinal));
        rig.Produce(1, 0, 1, transactional: true);
        rig.End(1, 0, commit: false);
        Assert.Contains(rig.Disk.List(rig.Path), entry => entry.Name.EndsWith(".txnindex", StringComparison.Ordinal));
    }

    [Fact]
    public void Read_WithAborted_TellsThoseOfTheSlice()
    {
        var rig = new LogRig(LogConfig.Default with { IndexIntervalBytes = 0 });
        rig.Produce(1, 0, 0, 2, transactional: true);
        rig.Produce(2, 0, 0, 2, transactional: true);
        rig.End(1, 0, commit: false);
        rig.End(2, 0, commit: true);
        rig.Log.Roll();
        rig.Append();
        rig.Produce(1, 0, 2, 1, transactional: true);
        rig.Log.Roll();
        rig.End(1, 0, commit: false);
        Commit(rig);
        Assert.Equal([new(1, 0, 4, 2)], Aborted(rig, 0));
        Assert.Equal([new(1, 0, 4, 2)], Aborted(rig, 4));
        Assert.Null(Aborted(rig, 5));
        // Its marker lies in the next segment.
        Assert.Equal([new(1, 7, 8, 9)], Aborted(rig, 6));
        Assert.Null(rig.Log.Read(0, 1000, true, rig.Log.LastStableOffset).AbortedTransactions);
    }

    [Fact]
    public void Read_AbortedTransactionsInterleave_AreToldByTheirBeginnings()
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0, 2, transactional: true);
        rig.Produce(2, 0, 0, 2, transactional: true);
        rig.End(2, 0, commit: false);
        rig.End(1, 0, commit: false);
        Commit(rig);
        Assert.Equal([1, 2], Aborted(rig, 0)!.Select(transaction => transaction.ProducerId));
    }

    [Fact]
    public void Append_AbortOnFullDisk_IsRefusedBeforeTheLogHasIt()
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0, 2, transactional: true);
        rig.Disk.BeforeChange = (operation, path) =>
        {
            if (path.EndsWith(".txnindex", StringComparison.Ordinal)) throw new Storage.StorageException(operation, path, 28);
        };
        Assert.Throws<Storage.StorageException>(() => rig.End(1, 0, commit: false));
        Assert.Equal(2, rig.Log.LogEndOffset);
        rig.Disk.BeforeChange = null;
        rig.End(1, 0, commit: false);
        Commit(rig);
        Assert.Equal(3, rig.Log.LastStableOffset);
        Assert.Equal([new(1, 0, 2, 3)], Aborted(rig, 0));
    }

    [Fact]
    public void Append_AbortCannotBeNoted_EndsTheLogUntilARestartNotesIt()
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0, 2, transactional: true);
        rig.Disk.BeforeChange = (operation, path) =>
        {
            if (operation == "write" && path.EndsWith(".txnindex", StringComparison.Ordinal)) throw new Storage.StorageException(operation, path, 28);
        };
        Assert.Throws<Storage.StorageException>(() => rig.End(1, 0, commit: false));
        rig.Disk.BeforeChange = null;
        Assert.False(rig.Log.IsOpen);
        Assert.Equal(0, rig.Log.LastStableOffset);
        rig.ReopenUnclean();
        Commit(rig);
        Assert.Equal([new(1, 0, 2, 3)], Aborted(rig, 0));
    }

    [Fact]
    public void TruncateTo_BehindAMarker_OpensTheTransactionAgain()
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0, 2, transactional: true);
        rig.End(1, 0, commit: false);
        Commit(rig);
        rig.Log.TruncateTo(2);
        Assert.Equal(0, rig.Log.LastStableOffset);
        rig.End(1, 0, commit: true);
        Commit(rig);
        Assert.Equal(3, rig.Log.LastStableOffset);
        Assert.Null(Aborted(rig, 0));
    }

    internal static IReadOnlyList<AbortedTransaction>? Aborted(LogRig rig, long offset, int maxBytes = int.MaxValue)
    {
        LogReadResult result = rig.Log.Read(offset, maxBytes, true, rig.Log.LastStableOffset, withAborted: true);
        result.Slice?.Dispose();
        return result.AbortedTransactions;
    }

    private static void Commit(LogRig rig) => rig.Log.AdvanceCommittedEnd(rig.Log.LogEndOffset);
}
