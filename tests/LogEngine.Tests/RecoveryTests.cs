using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

public sealed class RecoveryTests
{
    private const string First = "/data/t-0/00000000000000000000";

    private static readonly LogConfig SmallSegments = LogConfig.Default with { SegmentBytes = 1500, IndexIntervalBytes = 100 };

    [Theory]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(60)]
    [InlineData(61)]
    public void Open_TailCutOff_EndsWithLastWholeBatch(int cut)
    {
        var rig = new LogRig();
        for (int i = 0; i < 5; i++) rig.Append(2);
        byte[] log = rig.Disk.ReadAll(First + ".log");
        rig.Disk.WriteAll(First + ".log", log.AsSpan(0, log.Length - cut));
        rig.ReopenUnclean();
        Assert.Equal(8, rig.Log.LogEndOffset);
        Assert.Equal(log[..(log.Length / 5 * 4)], rig.Read(0));
        Assert.Equal(8, rig.Append().FirstOffset);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    [InlineData(true, 1)]
    public void Open_ZerosOrNoiseBehindTheEnd_AreCutOff(bool clean, int kind)
    {
        var rig = new LogRig();
        for (int i = 0; i < 5; i++) rig.Append(2);
        if (clean) rig.Log.Close();
        byte[] log = rig.Disk.ReadAll(First + ".log");
        byte[] tail = new byte[5000];
        if (kind == 1) new Random(3).NextBytes(tail);
        rig.Disk.WriteAll(First + ".log", [.. log, .. tail]);
        rig.Load(clean, rig.Log.RecoveryPoint, 0);
        Assert.Equal(10, rig.Log.LogEndOffset);
        Assert.Equal(log, rig.Read(0));
        Assert.Equal(log.Length, rig.Disk.ReadAll(First + ".log").Length);
    }

    [Fact]
    public void Open_BitFlipAboveRecoveryPoint_LogEndsBeforeIt()
    {
        var rig = new LogRig();
        for (int i = 0; i < 5; i++) rig.Append(2);
        byte[] log = rig.Disk.ReadAll(First + ".log");
        log[(log.Length / 5 * 3) + 70] ^= 1;
        rig.Disk.WriteAll(First + ".log", log);
        rig.ReopenUnclean();
        Assert.Equal(6, rig.Log.LogEndOffset);
    }

    [Fact]
    public void Open_TornSegmentAmongSeveral_LaterOnesGo()
    {
        var rig = new LogRig(SmallSegments);
        for (int i = 0; i < 60; i++) rig.Append(2, valueSize: 40);
        Assert.True(rig.Log.SegmentCount > 3);
        byte[] log = rig.Disk.ReadAll(First + ".log");
        rig.Disk.WriteAll(First + ".log", log.AsSpan(0, log.Length - 3));
        rig.ReopenUnclean(0);
        Assert.Equal(1, rig.Log.SegmentCount);
        Assert.True(rig.Log.LogEndOffset < 20);
        rig.Append();
        rig.ReopenClean();
        Assert.NotNull(rig.Read(rig.Log.LogEndOffset - 1));
    }

    [Theory]
    [InlineData("delete", true)]
    [InlineData("zero", true)]
    [InlineData("truncate", true)]
    [InlineData("misaligned", true)]
    [InlineData("foreign", true)]
    [InlineData("noise", true)]
    [InlineData("delete", false)]
    [InlineData("zero", false)]
    [InlineData("foreign", false)]
    [InlineData("noise", false)]
    public void Open_DamagedIndexes_EveryReadIsRight(string damage, bool clean)
    {
        var rig = new LogRig(SmallSegments);
        for (int i = 0; i < 60; i++) rig.Append((i % 3) + 1, valueSize: (i * 7) % 60, timestamp: 1000 + i);
        long end = rig.Log.LogEndOffset;
        List<byte[]> before = [.. Enumerable.Range(0, (int)end).Select(offset => rig.Read(offset)!)];
        List<TimestampOffset?> times = [.. Enumerable.Range(990, 80).Select(time => rig.Log.FindOffsetByTimestamp(time))];
        rig.Log.Flush();
        if (clean) rig.Log.Close();
        List<string> indexes = [.. rig.Disk.List("/data/t-0").Select(entry => "/data/t-0/" + entry.Name)
            .Where(name => name.EndsWith("index", StringComparison.Ordinal))];
        Dictionary<string, byte[]> contents = indexes.ToDictionary(name => name, rig.Disk.ReadAll);
        foreach (string name in indexes)
        {
            byte[] bytes = contents[name];
            byte[] other = contents[indexes.Find(o => o != name && Path.GetExtension(o) == Path.GetExtension(name) && contents[o].Length > 0)!];
            byte[] noise = new byte[240];
            new Random(5).NextBytes(noise);
            if (damage == "delete") rig.Disk.DeleteFile(name);
            else rig.Disk.WriteAll(name, damage switch
            {
                "zero" => new byte[bytes.Length],
                "truncate" => bytes[..(Path.GetExtension(name) == ".index" ? 8 : 12)],
                "misaligned" => [.. bytes, 1],
                "foreign" => other,
                _ => noise,
            });
        }

        rig.Load(clean, rig.Log.RecoveryPoint, 0);
        Assert.Equal(end, rig.Log.LogEndOffset);
        for (int offset = 0; offset < end; offset++) Assert.Equal(before[offset], rig.Read(offset));
        Assert.Equal(times, Enumerable.Range(990, 80).Select(time => rig.Log.FindOffsetByTimestamp(time)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("0\n5\n1 0\n")]
    [InlineData("0\n1\n-1 abc\n")]
    public void Open_GarbageEpochFile_IsMadeAnew(string garbage)
    {
        var rig = new LogRig(SmallSegments);
        for (int i = 0; i < 40; i++) rig.Append(2, epoch: i / 10);
        rig.Log.Close();
        rig.Disk.WriteAll("/data/t-0/leader-epoch-checkpoint", System.Text.Encoding.ASCII.GetBytes(garbage));
        rig.Load(clean: true, 80, 0);
        Assert.Equal([new(0, 0), new(1, 20), new(2, 40), new(3, 60)], rig.Log.Epochs);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_EmptySegmentAmongOthers_IsIgnoredAndGoes(bool clean)
    {
        var rig = new LogRig(SmallSegments);
        for (int i = 0; i < 60; i++) rig.Append(2, valueSize: 40);
        rig.Log.Flush();
        int segments = rig.Log.SegmentCount;
        if (clean) rig.Log.Close();
        string stray = $"/data/t-0/{rig.Log.Segments.All[2].BaseOffset - 3:D20}";
        rig.Disk.WriteAll(stray + ".log", []);
        rig.Disk.WriteAll(stray + ".index", []);
        rig.Load(clean, clean ? 120 : 0, 0);
        Assert.Equal((120, segments), (rig.Log.LogEndOffset, rig.Log.SegmentCount));
        for (int offset = 0; offset < 120; offset++) Assert.NotNull(rig.Read(offset));
        Assert.False(rig.Disk.FileExists(stray + ".log") || rig.Disk.FileExists(stray + ".index"));
    }

    [Fact]
    public void Roll_IndexCannotBeMade_LeavesNoFilesAndIsRepeated()
    {
        var rig = new LogRig();
        rig.Append(3);
        rig.Disk.BeforeChange = (operation, path) =>
        {
            if (operation == "create" && path.EndsWith(".timeindex", StringComparison.Ordinal)) throw new Storage.StorageException(operation, path, 28);
        };
        Assert.Throws<Storage.StorageException>(rig.Log.Roll);
        rig.Disk.BeforeChange = null;
        // The snapshot of the producers is one of the log end, whether or not a segment starts there.
        Assert.DoesNotContain(rig.Disk.List("/data/t-0"), entry => entry.Name.StartsWith("00000000000000000003", StringComparison.Ordinal)
            && !entry.Name.EndsWith(".snapshot", StringComparison.Ordinal));
        Assert.Equal(3, rig.Append().FirstOffset);
        rig.Log.Roll();
        Assert.Equal(2, rig.Log.SegmentCount);
    }

    [Fact]
    public void Roll_EmptySegmentCannotBeReplaced_StaysInUse()
    {
        var rig = new LogRig(LogConfig.Default with { SegmentBytes = 1000 });
        byte[] large = Batches.Make(1, 2000, 1000);
        rig.Disk.BeforeChange = (operation, path) =>
        {
            if (operation == "create" && path.EndsWith(".log", StringComparison.Ordinal)) throw new Storage.StorageException(operation, path, 28);
        };
        Assert.Throws<Storage.StorageException>(() => rig.Log.AppendAsFollower(large));
        rig.Disk.BeforeChange = null;
        Assert.Equal(0, rig.Append(3).FirstOffset);
        rig.ReopenUnclean();
        Assert.Equal(3, rig.Log.LogEndOffset);
        Assert.NotNull(rig.Read(0));
    }

    [Theory]
    [InlineData(1L << 40, true)]
    [InlineData(1L << 40, false)]
    [InlineData(0L, true)]
    public void Open_DamagedBaseOffset_LogEndsBeforeItAtTheLatest(long wrong, bool deleteIndexes)
    {
        var rig = new LogRig(LogConfig.Default with { IndexIntervalBytes = 10 });
        for (int i = 0; i < 10; i++) rig.Append(2);
        rig.Log.Close();
        byte[] log = rig.Disk.ReadAll(First + ".log");
        int position = log.Length / 10 * 9;
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(log.AsSpan(position), wrong);
        rig.Disk.WriteAll(First + ".log", log);
        if (deleteIndexes) rig.Disk.DeleteFile(First + ".index");
        rig.Load(clean: true, 20, 0);
        // The CRC does not cover the base offset: only that it cannot follow tells.
        Assert.Equal(18, rig.Log.LogEndOffset);
        Assert.NotNull(rig.Read(17));
    }

    [Theory]
    [InlineData(1L << 40)]
    [InlineData(0L)]
    public void Open_DamagedBaseOffsetInOlderSegmentWithoutIndex_DoesNotOverflow(long wrong)
    {
        var rig = new LogRig(SmallSegments with { IndexIntervalBytes = 10 });
        for (int i = 0; i < 60; i++) rig.Append(2, valueSize: 40);
        int size = rig.Read(0, maxBytes: 1)!.Length;
        rig.Log.Close();
        byte[] log = rig.Disk.ReadAll(First + ".log");
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(log.AsSpan(size * 3), wrong);
        rig.Disk.WriteAll(First + ".log", log);
        rig.Disk.DeleteFile(First + ".index");
        rig.Load(clean: true, 120, 0);
        Assert.Equal(120, rig.Log.LogEndOffset);
        Assert.NotNull(rig.Read(119));
        Assert.NotNull(rig.Read(0));
    }

    [Fact]
    public void Open_Leftovers_AreSettled()
    {
        var rig = new LogRig(SmallSegments);
        for (int i = 0; i < 60; i++) rig.Append(2, valueSize: 40);
        rig.Log.Close();
        byte[] first = rig.Disk.ReadAll(First + ".log");
        long second = rig.Log.Segments.All[1].BaseOffset;
        string secondName = $"/data/t-0/{second:D20}";
        byte[] joined = [.. first, .. rig.Disk.ReadAll(secondName + ".log")];
        rig.Disk.WriteAll(First + ".log.swap", joined);
        rig.Disk.WriteAll("/data/t-0/00000000000000009999.log.deleted", [1, 2, 3]);
        rig.Disk.WriteAll("/data/t-0/00000000000000009999.index", [1, 2, 3]);
        rig.Disk.WriteAll("/data/t-0/00000000000000000700.log.cleaned", [1, 2, 3]);
        rig.Load(clean: true, 120, 0);
        Assert.Equal(joined, rig.Disk.ReadAll(First + ".log"));
        Assert.False(rig.Disk.FileExists(secondName + ".log"));
        Assert.Equal(120, rig.Log.LogEndOffset);
        Assert.Equal(joined, rig.Read(0));
        Assert.DoesNotContain(rig.Disk.List("/data/t-0"), entry => entry.Name.Contains("9999", StringComparison.Ordinal)
            || entry.Name.Contains("700", StringComparison.Ordinal) || entry.Name.EndsWith(".swap", StringComparison.Ordinal));
    }

    [Fact]
    public void Read_DamagedBatchBelowRecoveryPoint_FailsAndOthersRead()
    {
        var rig = new LogRig();
        for (int i = 0; i < 5; i++) rig.Append(2);
        int size = rig.Read(0, maxBytes: 1)!.Length;
        rig.ReopenClean();
        byte[] log = rig.Disk.ReadAll(First + ".log");
        log[(size * 2) + 16] = 99;
        using (Storage.ILogFile file = rig.Disk.Open(First + ".log")) file.Write(log, 0);
        Assert.Equal(size * 2, rig.Read(0, maxBytes: size * 2)!.Length);
        Assert.Throws<Storage.StorageException>(() => rig.Log.Read(7, 100, true, long.MaxValue));
        Assert.True(rig.Log.IsOpen);
    }
}
