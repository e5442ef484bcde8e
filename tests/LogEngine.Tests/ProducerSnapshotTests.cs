using System.Buffers.Binary;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

public sealed class ProducerSnapshotTests
{
    [Fact]
    public void UncleanStart_TornBatchBelowTheLogStart_GivesNoProducer()
    {
        const int producerIdOffset = 43;
        var rig = new LogRig();
        rig.Produce(2, 0, 0, records: 3, transactional: true);
        rig.Log.Roll();
        rig.Append();
        rig.Log.AdvanceLogStartOffset(3);
        string first = SegmentFileNames.For(rig.Path, 0, SegmentFileNames.Log);
        byte[] torn = rig.Disk.ReadAll(first);
        torn.AsSpan(producerIdOffset, 8).Clear();
        rig.Disk.WriteAll(first, torn);
        rig.Disk.DeleteFile(SegmentFileNames.For(rig.Path, 3, SegmentFileNames.ProducerSnapshot));
        rig.ReopenUnclean(recoveryPoint: 0);
        Assert.Empty(rig.Log.ActiveProducers());
        Assert.Equal((3, 4), (rig.Log.LogStartOffset, rig.Log.LogEndOffset));
    }

    [Fact]
    public void Open_SegmentBeforeASnapshotLostItsTail_SnapshotDoesNotTellOfLostBatches()
    {
        // In a compacted log what lies behind the gap stays: compaction leaves such gaps too.
        var rig = new LogRig(LogConfig.Default with { Compact = true });
        rig.Produce(1, 0, 0);
        int kept = rig.Disk.ReadAll(LogRig.Directory + "/00000000000000000000.log").Length;
        rig.Produce(2, 0, 0, transactional: true);
        rig.Log.Roll();
        rig.Append();
        string first = LogRig.Directory + "/00000000000000000000.log";
        rig.Disk.WriteAll(first, rig.Disk.ReadAll(first).AsSpan(0, kept));

        rig.ReopenUnclean(recoveryPoint: 1);
        rig.Log.Flush();
        // The next start begins behind the gap.
        rig.ReopenUnclean();

        Assert.Equal((2, 3), (rig.Log.SegmentStarts()[^1].BaseOffset, rig.Log.LogEndOffset));
        Producers.ActiveProducer producer = Assert.Single(rig.Log.ActiveProducers());
        Assert.Equal((1, 0), (producer.ProducerId, producer.LastSequence));
        rig.Log.AdvanceCommittedEnd(3);
        Assert.Equal(3, rig.Log.LastStableOffset);
    }

    private const string Zero = "/data/t-0/00000000000000000000";

    [Fact]
    public void Close_Producers_SnapshotIsKafkas()
    {
        var rig = new LogRig();
        rig.Produce(5, 3, 10, 4);
        rig.Log.Close();
        byte[] entries =
        [
            .. Int(1),
            .. Long(5), .. Short(3), .. Int(13), .. Long(3), .. Int(3), .. Long(1000), .. Int(-1), .. Long(-1),
        ];
        byte[] crc = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(crc, Crc(entries));
        Assert.Equal([.. Short(1), .. crc, .. entries], rig.Disk.ReadAll("/data/t-0/00000000000000000004.snapshot"));
    }

    [Fact]
    public void Open_SnapshotOfKafka_IsTakenOver()
    {
        var rig = new LogRig();
        for (int i = 0; i < 8; i++) rig.Append();
        rig.Log.Close();
        byte[] entries =
        [
            .. Int(2),
            .. Long(5), .. Short(3), .. Int(13), .. Long(3), .. Int(3), .. Long(900), .. Int(7), .. Long(-1),
            .. Long(6), .. Short(0), .. Int(-1), .. Long(-1), .. Int(0), .. Long(901), .. Int(2), .. Long(4),
        ];
        byte[] crc = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(crc, Crc(entries));
        rig.Disk.WriteAll("/data/t-0/00000000000000000008.snapshot", [.. Short(1), .. crc, .. entries]);
        rig.Load(clean: true, 8, 0);
        Assert.Equal(
            [new ActiveProducer(5, 3, 13, 3, 900, 7, -1), new ActiveProducer(6, 0, -1, -1, 901, 2, 4)],
            rig.Log.ActiveProducers().OrderBy(producer => producer.ProducerId));
        rig.Log.AdvanceCommittedEnd(8);
        Assert.Equal(4, rig.Log.LastStableOffset);
        Assert.Equal(AppendStatus.OutOfOrderSequence, rig.Produce(5, 3, 15).Status);
        Assert.Equal(AppendStatus.Appended, rig.Produce(5, 3, 14).Status);
    }

    [Fact]
    public void Roll_Segments_EachHasItsSnapshotUntilItGoes()
    {
        var rig = new LogRig();
        for (int i = 0; i < 4; i++)
        {
            rig.Produce(1, 0, i);
            rig.Log.Roll();
        }

        Assert.Equal([1L, 2, 3, 4], Snapshots(rig));
        rig.Log.DeleteBefore(2);
        Assert.Equal([2L, 3, 4], Snapshots(rig));
        rig.Produce(1, 0, 4);
        rig.ReopenClean();
        Assert.Equal([2L, 3, 4, 5], Snapshots(rig));
        rig.Produce(1, 0, 5);
        rig.ReopenClean();
        // That of the last stop, which no segment starts at, makes way for that of this one.
        Assert.Equal([2L, 3, 4, 6], Snapshots(rig));
        rig.Log.TruncateTo(3);
        Assert.Equal([2L, 3], Snapshots(rig));
        Assert.Equal(AppendStatus.Duplicate, rig.Produce(1, 0, 2).Status);
        rig.Log.TruncateFullyAndStartAt(9);
        Assert.Empty(Snapshots(rig));
        Assert.Equal(0, rig.Log.ProducerCount);
    }

    [Theory]
    [InlineData("delete", true)]
    [InlineData("one byte", true)]
    [InlineData("zeroed", true)]
    [InlineData("cut", true)]
    [InlineData("noise", true)]
    [InlineData("flip", true)]
    [InlineData("higher", true)]
    [InlineData("delete", false)]
    [InlineData("one byte", false)]
    [InlineData("zeroed", false)]
    [InlineData("cut", false)]
    [InlineData("noise", false)]
    [InlineData("flip", false)]
    [InlineData("higher", false)]
    public void Open_DamagedSnapshots_RepetitionsAreRecognised(string damage, bool clean)
    {
        var rig = new LogRig(LogConfig.Default with { SegmentBytes = 900 });
        for (int i = 0; i < 30; i++)
        {
            rig.Produce(1, 4, i);
            rig.Produce(2, 0, i, transactional: i % 3 == 0);
            if (i % 3 == 0) rig.End(2, 0, commit: true);
        }

        IReadOnlyList<ActiveProducer> before = rig.Log.ActiveProducers();
        rig.Log.Flush();
        if (clean) rig.Log.Close();
        else rig.Log.Abandon(LogState.Failed);
        foreach (long offset in Snapshots(rig))
        {
            string path = $"/data/t-0/{offset:D20}.snapshot";
            byte[] bytes = rig.Disk.ReadAll(path);
            byte[] noise = new byte[1 << 20];
            new Random(3).NextBytes(noise);
            byte[] flipped = [.. bytes];
            flipped[bytes.Length / 2] ^= 4;
            switch (damage)
            {
                case "delete":
                    // All of them, after an orderly stop: the last segment tells.
                    rig.Disk.DeleteFile(path);
                    break;
                default:
                    rig.Disk.WriteAll(path, damage switch
                    {
                        "one byte" => [1],
                        "zeroed" => new byte[bytes.Length],
                        "cut" => bytes.AsSpan(0, bytes.Length - 7),
                        "noise" => noise,
                        "flip" => flipped,
                        _ => rig.Disk.ReadAll($"/data/t-0/{Snapshots(rig)[^1]:D20}.snapshot"),
                    });
                    break;
            }
        }

        rig.Load(clean, rig.Log.RecoveryPoint, 0);
        Assert.Equal(
            before.Select(producer => (producer.ProducerId, producer.Epoch, producer.LastSequence, producer.LastOffset)).Order(),
            rig.Log.ActiveProducers().Select(producer => (producer.ProducerId, producer.Epoch, producer.LastSequence, producer.LastOffset)).Order());
        Assert.Equal(AppendStatus.Duplicate, rig.Produce(1, 4, 29).Status);
        Assert.Equal(AppendStatus.Appended, rig.Produce(1, 4, 30).Status);
    }

    [Fact]
    public void Open_CleanStopOfLogWithoutSnapshots_ReadsTheLastSegmentOnly()
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0);
        rig.Log.Roll();
        rig.Produce(2, 0, 0);
        rig.Log.Close();
        foreach (long offset in Snapshots(rig)) rig.Disk.DeleteFile($"/data/t-0/{offset:D20}.snapshot");
        rig.Load(clean: true, 2, 0);
        Assert.Equal([2L], rig.Log.ActiveProducers().Select(producer => producer.ProducerId));
    }

    [Fact]
    public void Open_CleanStop_AllOfTheLastFiveBatchesAreRecognised()
    {
        var rig = new LogRig();
        for (int i = 0; i < 8; i++)
        {
            rig.Produce(1, 3, i);
            rig.Produce(2, 0, i * 2, 2, transactional: true);
            rig.End(2, 0, commit: i % 2 == 0);
        }

        rig.ReopenClean();
        for (int i = 3; i < 8; i++)
        {
            Assert.Equal((AppendStatus.Duplicate, i * 4), Outcome(rig.Produce(1, 3, i)));
            Assert.Equal((AppendStatus.Duplicate, (i * 4) + 1), Outcome(rig.Produce(2, 0, i * 2, 2, transactional: true)));
        }

        Assert.Equal(AppendStatus.OutOfOrderSequence, rig.Produce(1, 3, 2).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_SnapshotOfAnEarlierOffsetInItsPlace_IsFoundOut(bool empty)
    {
        // The time of these batches is the clock's.
        var rig = new LogRig(LogConfig.Default with { MessageTimestampType = Protocol.Records.TimestampType.LogAppendTime });
        rig.Append();
        if (!empty) rig.Produce(1, 0, 0);
        rig.Log.Roll();
        byte[] early = rig.Disk.ReadAll($"/data/t-0/{rig.Log.LogEndOffset:D20}.snapshot");
        rig.Produce(1, 0, empty ? 0 : 1);
        rig.Produce(1, 0, empty ? 1 : 2);
        long end = rig.Log.LogEndOffset;
        rig.Log.Close();
        rig.Disk.WriteAll($"/data/t-0/{end:D20}.snapshot", early);
        rig.Load(clean: true, end, 0);
        Assert.Equal(AppendStatus.Duplicate, rig.Produce(1, 0, empty ? 1 : 2).Status);
    }

    [Fact]
    public void Open_ProducersThatExpired_AreNotMissed()
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0);
        rig.Time.Advance(TimeSpan.FromDays(2));
        rig.Log.ExpireProducers();
        rig.ReopenClean();
        Assert.Equal(0, rig.Log.ProducerCount);
    }

    [Theory]
    [InlineData("create")]
    [InlineData("write")]
    public void Roll_SnapshotFindsNoSpace_GoesOnWithoutIt(string at)
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0);
        rig.Disk.BeforeChange = (operation, path) =>
        {
            if (operation == at && path.EndsWith(".snapshot", StringComparison.Ordinal)) throw new Storage.StorageException(operation, path, 28);
        };
        rig.Log.Roll();
        rig.Disk.BeforeChange = null;
        Assert.Empty(Snapshots(rig));
        Assert.Equal(2, rig.Log.SegmentCount);
        rig.ReopenUnclean(1);
        Assert.Equal(AppendStatus.Duplicate, rig.Produce(1, 0, 0).Status);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void StartOver_FullDisk_ProducersOfWhatStaysAreRemembered(int segments)
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0);
        rig.Produce(2, 0, 0, transactional: true);
        for (int i = 1; i < segments; i++)
        {
            rig.Log.Roll();
            rig.Produce(1, 0, i);
        }

        rig.Disk.BeforeChange = (operation, path) =>
        {
            if (operation == "create" && path.EndsWith(".log", StringComparison.Ordinal)) throw new Storage.StorageException(operation, path, 28);
        };
        Assert.Throws<Storage.StorageException>(() => rig.Log.TruncateFullyAndStartAt(50));
        rig.Disk.BeforeChange = null;
        Assert.Equal((0, 2), (rig.Log.LogStartOffset, rig.Log.LogEndOffset));
        rig.Log.AdvanceCommittedEnd(2);
        Assert.Equal(1, rig.Log.LastStableOffset);
        Assert.Equal((AppendStatus.Duplicate, 0), Outcome(rig.Produce(1, 0, 0)));
        Assert.Equal(AppendStatus.OutOfOrderSequence, rig.Produce(1, 0, 2).Status);
        rig.Log.TruncateFullyAndStartAt(50);
        Assert.Equal((50, 50, 0), (rig.Log.LogEndOffset, rig.Log.LastStableOffset, rig.Log.ProducerCount));
    }

    [Fact]
    public void StartOver_FullDiskBeforeAnythingWent_ProducersOfDeletedRecordsAreRememberedToo()
    {
        var rig = new LogRig();
        rig.Produce(1, 0, 0);
        rig.Log.Roll();
        rig.Produce(2, 0, 0);
        rig.Log.AdvanceLogStartOffset(1);
        rig.Log.Retention.RemoveBelow(1, inOrder: false);
        rig.Disk.BeforeChange = (operation, path) =>
        {
            if (operation == "create" && path.EndsWith(".log", StringComparison.Ordinal)) throw new Storage.StorageException(operation, path, 28);
        };
        Assert.Throws<Storage.StorageException>(() => rig.Log.TruncateFullyAndStartAt(50));
        rig.Disk.BeforeChange = null;
        Assert.Equal([1L, 2], rig.Log.ActiveProducers().Select(producer => producer.ProducerId).Order());
    }

    [Theory]
    [InlineData("zeroed")]
    [InlineData("cut")]
    [InlineData("noise")]
    [InlineData("foreign")]
    public void Open_DamagedTransactionIndex_IsMadeAnew(string damage)
    {
        var rig = new LogRig();
        for (int i = 0; i < 6; i++)
        {
            rig.Produce(1, 0, i, transactional: true);
            rig.End(1, 0, commit: i % 2 == 1);
            if (i == 3) rig.Log.Roll();
        }

        rig.Log.Close();
        byte[] first = rig.Disk.ReadAll(Zero + ".txnindex");
        byte[] second = rig.Disk.ReadAll("/data/t-0/00000000000000000008.txnindex");
        byte[] noise = new byte[340];
        new Random(3).NextBytes(noise);
        rig.Disk.WriteAll(Zero + ".txnindex", damage switch
        {
            "zeroed" => new byte[first.Length],
            "cut" => first.AsSpan(0, first.Length - 1),
            "noise" => noise,
            _ => second,
        });
        rig.Load(clean: true, 12, 0);
        Assert.Equal(first, rig.Disk.ReadAll(Zero + ".txnindex"));
        rig.Log.AdvanceCommittedEnd(12);
        Assert.Equal([new(1, 0, 1, 2), new(1, 4, 5, 6), new(1, 8, 9, 10)], TransactionTests.Aborted(rig, 0, 1 << 20)!.Concat(TransactionTests.Aborted(rig, 8)!));
        Assert.DoesNotContain(rig.Disk.List("/data/t-0"), entry => entry.Name.EndsWith(".tmp", StringComparison.Ordinal));
    }

    private static (AppendStatus, long) Outcome(LogAppendResult result) => (result.Status, result.FirstOffset);

    private static List<long> Snapshots(LogRig rig) => [.. rig.Disk.List("/data/t-0")
        .Where(entry => entry.Name.EndsWith(".snapshot", StringComparison.Ordinal))
        .Select(entry => long.Parse(entry.Name.AsSpan(0, 20), System.Globalization.CultureInfo.InvariantCulture)).Order()];

    private static uint Crc(byte[] bytes)
    {
        uint state = uint.MaxValue;
        foreach (byte b in bytes)
        {
            state ^= b;
            for (int i = 0; i < 8; i++) state = (state >> 1) ^ ((state & 1) * 0x82F6_3B78);
        }

        return ~state;
    }

    private static byte[] Short(short value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteInt16BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Int(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Long(long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }
}
