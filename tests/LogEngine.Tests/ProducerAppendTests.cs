using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Tests;

public sealed class ProducerAppendTests
{
    [Fact]
    public void AppendAsLeader_OneOfLastFiveBatchesAgain_IsAnsweredWithItsOffsets()
    {
        var rig = new LogRig();
        rig.Append(3);
        for (int i = 0; i < 7; i++) Assert.Equal(AppendStatus.Appended, rig.Produce(1, 0, i * 2, records: 2).Status);
        byte[] before = rig.Read(0)!;
        for (int i = 2; i < 7; i++)
        {
            LogAppendResult again = rig.Produce(1, 0, i * 2, records: 2);
            Assert.Equal(new LogAppendResult(AppendStatus.Duplicate, 3 + (i * 2), 4 + (i * 2), -1, 0), again);
        }

        // Older ones are not told from gaps, nor is a batch of other borders.
        Assert.Equal(AppendStatus.OutOfOrderSequence, rig.Produce(1, 0, 2, records: 2).Status);
        Assert.Equal(AppendStatus.OutOfOrderSequence, rig.Produce(1, 0, 12, records: 1).Status);
        Assert.Equal(AppendStatus.OutOfOrderSequence, rig.Produce(1, 0, 15).Status);
        Assert.Equal(before, rig.Read(0));
        Assert.Equal(17, rig.Produce(1, 0, 14).FirstOffset);
    }

    [Fact]
    public void AppendAsLeader_DuplicateWithAppendTime_IsAnsweredWithTheFirstTime()
    {
        var rig = new LogRig(LogConfig.Default with { MessageTimestampType = TimestampType.LogAppendTime });
        LogAppendResult first = rig.Produce(1, 0, 0);
        rig.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(first with { Status = AppendStatus.Duplicate }, rig.Produce(1, 0, 0));
    }

    [Fact]
    public void AppendAsLeader_SequencesWrap_ContinueAtZero()
    {
        var rig = new LogRig();
        Assert.Equal(AppendStatus.Appended, rig.Produce(1, 0, int.MaxValue - 1, records: 4).Status);
        Assert.Equal(AppendStatus.Duplicate, rig.Produce(1, 0, int.MaxValue - 1, records: 4).Status);
        Assert.Equal(AppendStatus.OutOfOrderSequence, rig.Produce(1, 0, 3).Status);
        Assert.Equal(AppendStatus.Appended, rig.Produce(1, 0, 2).Status);
    }

    [Fact]
    public void AppendAsLeader_NewEpoch_FencesTheOldAndStartsAtZero()
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0);
        Assert.Equal(AppendStatus.OutOfOrderSequence, rig.Produce(1, 1, 1).Status);
        Assert.Equal(AppendStatus.Appended, rig.Produce(1, 1, 0).Status);
        Assert.Equal(AppendStatus.InvalidProducerEpoch, rig.Produce(1, 0, 1).Status);
        Assert.Equal(AppendStatus.InvalidProducerEpoch, rig.Produce(1, 0, 0).Status);
        Assert.Equal(AppendStatus.Appended, rig.Produce(2, 0, 77).Status);
    }

    [Fact]
    public void AppendAsLeader_FullDisk_TakesNothingIntoTheState()
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0);
        rig.Disk.BeforeChange = (operation, path) =>
        {
            if (operation == "write") throw new Storage.StorageException(operation, path, 28);
        };
        Assert.Throws<Storage.StorageException>(() => rig.Produce(1, 0, 1));
        rig.Disk.BeforeChange = null;
        Assert.Equal(new LogAppendResult(AppendStatus.Appended, 1, 1, -1, 0), rig.Produce(1, 0, 1));
    }

    [Fact]
    public void AppendAsLeader_SeveralBatchesOfOneProducer_AreCheckedInOrder()
    {
        var rig = new LogRig();
        byte[] good = [.. Batches.Of(1, 0, 0, 2), .. Batches.Of(2, 0, 0), .. Batches.Of(1, 0, 2)];
        Assert.Equal(AppendStatus.Appended, rig.Log.AppendAsLeader(good, new LeaderEpoch(0)).Status);
        byte[] gap = [.. Batches.Of(1, 0, 3), .. Batches.Of(1, 0, 5)];
        Assert.Equal(AppendStatus.OutOfOrderSequence, rig.Log.AppendAsLeader(gap, new LeaderEpoch(0)).Status);
        Assert.Equal(4, rig.Log.LogEndOffset);
        Assert.Equal(AppendStatus.Appended, rig.Produce(1, 0, 3).Status);
    }

    [Fact]
    public void AppendAsFollower_AnySequence_IsTakenAndRemembered()
    {
        var rig = new LogRig();
        byte[] batches = [.. At(0, Batches.Of(1, 0, 5)), .. At(1, Batches.Of(1, 0, 9, 2)), .. At(3, Batches.Of(2, 3, 1))];
        Assert.Equal(AppendStatus.Appended, rig.Log.AppendAsFollower(batches).Status);
        Assert.Equal(new LogAppendResult(AppendStatus.Duplicate, 1, 2, -1, 0), rig.Produce(1, 0, 9, 2));
        Assert.Equal(AppendStatus.Appended, rig.Produce(1, 0, 11).Status);
        Assert.Equal(AppendStatus.InvalidProducerEpoch, rig.Produce(2, 2, 2).Status);
    }

    [Fact]
    public void ActiveProducers_AfterAppends_TellTheLast()
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0, 3);
        rig.Produce(7, 2, 0, 2, transactional: true);
        rig.End(7, 2, commit: true, coordinatorEpoch: 4);
        rig.Produce(7, 2, 2, 1, transactional: true);
        Assert.Equal(
            [new ActiveProducer(1, 0, 2, 2, 1000, -1, -1), new ActiveProducer(7, 2, 2, 6, 1000, 4, 6)],
            rig.Log.ActiveProducers().OrderBy(producer => producer.ProducerId));
        Assert.Equal(2, rig.Log.ProducerCount);
    }

    [Fact]
    public void ExpireProducers_Silent_AreForgottenUnlessInTransaction()
    {
        var rig = new LogRig { Producers = new ProducerOptions { Expiration = TimeSpan.FromHours(1) } };
        rig.ReopenClean();
        rig.Produce(1, 0, 0);
        rig.Produce(2, 0, 0, transactional: true);
        rig.Time.Advance(TimeSpan.FromMinutes(59));
        rig.Produce(3, 0, 0);
        Assert.Equal(0, rig.Log.ExpireProducers());
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, rig.Log.ExpireProducers());
        Assert.Equal([2L, 3], rig.Log.ActiveProducers().Select(producer => producer.ProducerId).Order());
        rig.End(2, 0, commit: true);
        rig.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(2, rig.Log.ExpireProducers());
    }

    [Fact]
    public void Append_FloodOfProducerIds_RemembersTheLatestOnly()
    {
        var rig = new LogRig { Producers = new ProducerOptions { MaxProducers = 100 } };
        rig.ReopenClean();
        rig.Produce(1_000_000, 0, 0, transactional: true);
        for (int i = 0; i < 1000; i++) rig.Produce(i, 0, 0);
        Assert.InRange(rig.Log.ProducerCount, 80, 100);
        Assert.Equal(AppendStatus.Duplicate, rig.Produce(999, 0, 0).Status);
        Assert.Equal(AppendStatus.Duplicate, rig.Produce(1_000_000, 0, 0, transactional: true).Status);
        rig.ReopenUnclean(0);
        Assert.InRange(rig.Log.ProducerCount, 80, 100);
        Assert.Equal(0, rig.Log.LastStableOffset);
    }

    [Fact]
    public void AppendAsLeader_IdempotentProducerInSteadyState_AllocatesNothing()
    {
        var rig = new LogRig(disk: new Storage.PhysicalLogFileSystem(), directory: Directory.CreateTempSubdirectory("kbroker-test").FullName);
        try
        {
            byte[] batch = Batches.Of(1, 0, 0);
            int sequence = 0;
            for (; sequence < 2000; sequence++) AppendNext(rig, batch, sequence);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (; sequence < 4000; sequence++) AppendNext(rig, batch, sequence);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            // The sparse index grows now and then.
            Assert.True(allocated < 2000 * 8, $"{allocated} bytes for 2000 appends");
        }
        finally
        {
            rig.Log.Abandon(LogState.Closed);
            Directory.Delete(rig.Path, recursive: true);
        }
    }

    private static void AppendNext(LogRig rig, byte[] batch, int sequence)
    {
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchFormat.BaseSequenceOffset), sequence);
        rig.Log.AppendAsLeader(batch, new LeaderEpoch(0));
    }

    private static byte[] At(long offset, byte[] batch)
    {
        RecordBatchStamp.SetOffsetAndEpoch(batch, offset, 0);
        return batch;
    }
}
