using System.Buffers.Binary;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests;

/// <summary>Files that are not as they were left: what can be told from the batches is, and nothing is believed that they contradict.</summary>
public sealed class DamageTests
{
    private const string First = "/data/t-0/00000000000000000000";

    private static readonly LogConfig SmallSegments = LogConfig.Default with { SegmentBytes = 1500, IndexIntervalBytes = 100 };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_EmptyLastSegmentWithinTheOneBefore_LosesNothing(bool clean)
    {
        var rig = new LogRig(SmallSegments);
        for (int i = 0; i < 40; i++) rig.Append(2, valueSize: 40);
        rig.Log.Flush();
        int segments = rig.Log.SegmentCount;
        long recoveryPoint = rig.Log.RecoveryPoint;
        if (clean) rig.Log.Close();
        else rig.Log.Abandon(LogState.Failed);
        string stray = $"/data/t-0/{rig.Log.Segments.Active.BaseOffset + 2:D20}";
        rig.Disk.WriteAll(stray + ".log", []);
        rig.Disk.WriteAll(stray + ".index", []);
        rig.Load(clean, recoveryPoint, 0);
        Assert.Equal((80, segments), (rig.Log.LogEndOffset, rig.Log.SegmentCount));
        Assert.Equal(40, LogContents.Read(rig.Log).Count);
        Assert.Equal(80, rig.Append().FirstOffset);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_EmptyLastSegmentBeyondTheOneBefore_LogEndsAtIt(bool clean)
    {
        var rig = new LogRig(SmallSegments with { Compact = true });
        for (int i = 0; i < 40; i++) rig.Append(2, valueSize: 40);
        rig.Log.Flush();
        if (clean) rig.Log.Close();
        else rig.Log.Abandon(LogState.Failed);
        // As compaction leaves it, whose last segment has lost its last records.
        string empty = "/data/t-0/00000000000000000090";
        rig.Disk.WriteAll(empty + ".log", []);
        rig.Disk.WriteAll(empty + ".index", []);
        rig.Disk.WriteAll(empty + ".timeindex", []);
        rig.Load(clean, 80, 0);
        Assert.Equal(90, rig.Log.LogEndOffset);
        Assert.Equal(40, LogContents.Read(rig.Log).Count);
    }

    [Theory]
    [InlineData(0, 1, false)]
    [InlineData(1, 0, true)]
    [InlineData(1, 1, false)]
    public void Open_SegmentReachesIntoTheNext_OlderEpochGivesWay(int nextEpoch, int epoch, bool nextStays)
    {
        var rig = new LogRig(SmallSegments);
        for (int i = 0; i < 8; i++) rig.Append(1, epoch: epoch);
        rig.Log.Abandon(LogState.Failed);
        byte[] other = Batches.Make(1, 20);
        RecordBatchStamp.SetOffsetAndEpoch(other, 5, nextEpoch);
        rig.Disk.WriteAll("/data/t-0/00000000000000000005.log", other);
        rig.Load(clean: false, 0, 0);
        if (nextEpoch == epoch) nextStays = true;
        Assert.Equal(nextStays ? 6 : 8, rig.Log.LogEndOffset);
        List<ModelBatch> found = LogContents.Read(rig.Log);
        Assert.Equal(Enumerable.Range(0, found.Count), found.Select(batch => (int)batch.First));
        Assert.Equal(nextStays ? nextEpoch : epoch, found[5].Epoch);
        rig.Append(1, epoch: 2);
        rig.ReopenClean();
        Assert.Equal(found.Count + 1, LogContents.Read(rig.Log).Count);
    }

    [Fact]
    public void Open_LogEndsBelowItsRecoveryPoint_CheckpointFollows()
    {
        var disk = new InMemoryLogFileSystem();
        var world = new DirectoryWorld(disk);
        TrackedLog log = world.Create();
        for (int i = 0; i < 20; i++) log.Append();
        log.Flush();
        world.Directory.Checkpoint();
        string active = log.Log.Segments.Active.File.Path;
        world.Directory.Dispose();
        byte[] bytes = disk.ReadAll(active);
        bytes[70] ^= 1;
        disk.Kill();
        disk.WriteAll(active, bytes);
        world.Reopen();
        long end = log.Log.LogEndOffset;
        Assert.True(end < 40);
        var checkpoint = new OffsetCheckpoint(disk, "/data", OffsetCheckpoint.RecoveryPoints);
        Assert.True(checkpoint.TryRead(out Dictionary<TopicPartition, long> points));
        Assert.Equal(end, points[log.Partition]);
    }

    [Fact]
    public void Open_MegabyteOfNoiseInEachCheckpoint_LosesNothingOrSaysWhatIsWrong()
    {
        string[] checkpoints =
        [
            "/data/recovery-point-offset-checkpoint", "/data/log-start-offset-checkpoint", "/data/replication-offset-checkpoint",
            "/data/.kafka_cleanshutdown", "/data/t-0/leader-epoch-checkpoint",
        ];
        byte[] noise = new byte[1 << 20];
        new Random(6).NextBytes(noise);
        byte[][] contents = [noise, [.. Enumerable.Repeat((byte)'7', 1 << 20)], [.. Enumerable.Repeat((byte)'\n', 1 << 20)], new byte[1 << 20], [0x30]];
        foreach (string path in checkpoints)
        {
            foreach (byte[] content in contents)
            {
                DirectoryWorld world = Stopped();
                world.Disk.WriteAll(path, content);
                world.Reopen();
                world.Logs[0].Verify();
                _ = world.Directory.ReadHighWatermarks();
                world.Logs[0].Append();
            }
        }

        DirectoryWorld other = Stopped();
        other.Disk.WriteAll("/data/meta.properties", noise);
        Assert.Contains("/data/meta.properties", Assert.Throws<LogDirectoryException>(other.Reopen).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_PartitionMetadataIsNoise_TheOthersServeAndItsFilesStay(bool clean)
    {
        var world = new DirectoryWorld(new InMemoryLogFileSystem());
        var id = new Guid("27342850-2018-4d25-b86b-463f6b6c7d0f");
        for (int i = 0; i < 3; i++)
        {
            TrackedLog log = world.Create(i, id);
            for (int j = 0; j < 5; j++) log.Append();
            log.Flush();
        }

        world.Logs[1].DeleteRecords(2);
        world.Directory.Checkpoint();
        if (clean) world.CloseClean();
        else world.Directory.Dispose();
        byte[] right = world.Disk.ReadAll("/data/t-1/partition.metadata");
        byte[] records = world.Disk.ReadAll("/data/t-1/00000000000000000000.log");
        world.Disk.WriteAll("/data/t-1/partition.metadata", "version: none"u8);
        world.Disk.Kill();
        world.Reopen();
        Assert.False(world.Directory.IsOffline);
        Assert.Contains("partition.metadata", world.Directory.WhyUnreadable(new TopicPartition("t", 1)), StringComparison.Ordinal);
        Assert.Null(world.Directory.Find(new TopicPartition("t", 1)));
        foreach (int served in new[] { 0, 2 })
        {
            world.Logs[served].Verify();
            world.Logs[served].Append();
        }

        world.CloseClean();
        Assert.Equal(clean, world.Disk.FileExists("/data/.kafka_cleanshutdown"));
        Assert.Equal(records, world.Disk.ReadAll("/data/t-1/00000000000000000000.log"));
        world.Disk.WriteAll("/data/t-1/partition.metadata", right);
        world.Reopen();
        foreach (TrackedLog log in world.Logs) log.Verify();
        Assert.Equal((2, id), (world.Logs[1].Log.LogStartOffset, world.Logs[1].Log.TopicId));
    }

    [Fact]
    public void GetOrCreate_PartitionMetadataIsNoise_OnlyANewPartitionTakesTheName()
    {
        DirectoryWorld world = Stopped();
        world.Disk.WriteAll("/data/t-0/partition.metadata", "version: none"u8);
        var name = new TopicPartition("t", 0);
        using LogDirectories directories = LogDirectories.Open(
            [new LogDirectoryOptions { Path = "/data", BrokerId = new BrokerId(1), ClusterId = "c1" }], world.Disk, world.Time, new Random(1), NullLogger.Instance);
        Assert.True(directories.IsUnreadable(name));
        Assert.Contains("partition.metadata", Assert.Throws<LogDirectoryException>(
            () => directories.GetOrCreate(name, Guid.NewGuid(), LogConfig.Default, isNew: false)).Message, StringComparison.Ordinal);
        Assert.Equal(0, directories.GetOrCreate(name, Guid.NewGuid(), LogConfig.Default, isNew: true).LogEndOffset);
        Assert.False(directories.IsUnreadable(name));
        LogFileEntry stray = Assert.Single(world.Disk.List("/data"), entry => entry.Name.EndsWith("-stray", StringComparison.Ordinal));
        Assert.NotEmpty(world.Disk.ReadAll($"/data/{stray.Name}/00000000000000000000.log"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Open_IndexesOfASegmentLikeThisOne_NoLookupIsLate(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 60; round++)
        {
            LogRig ours = Filled(random);
            LogRig theirs = Filled(random);
            long end = ours.Log.LogEndOffset;
            List<ModelBatch> before = LogContents.Read(ours.Log);
            ours.Log.Close();
            theirs.Log.Close();
            string[] suffixes = round % 3 == 0 ? [".index"] : round % 3 == 1 ? [".timeindex"] : [".index", ".timeindex"];
            foreach (string suffix in suffixes) ours.Disk.WriteAll(First + suffix, theirs.Disk.ReadAll(First + suffix));
            ours.Load(clean: true, end, 0);
            Assert.Equal(end, ours.Log.LogEndOffset);
            for (long offset = 0; offset < end; offset++)
            {
                byte[] read = ours.Read(offset, maxBytes: 1)!;
                Assert.True(new RecordBatchHeader(read).BaseOffset <= offset && new RecordBatchHeader(read).NextOffset > offset);
            }

            for (long time = 990; time < 1_010_000; time += 9_973)
            {
                ModelBatch? expected = before.Find(batch => batch.Timestamp >= time);
                Assert.True(expected?.First == ours.Log.FindOffsetByTimestamp(time)?.Offset, $"round {round}: the lookup of {time} gives "
                    + $"{ours.Log.FindOffsetByTimestamp(time)?.Offset}, not {expected?.First}");
            }

            long largest = before.Max(batch => batch.Timestamp);
            Assert.Equal(largest, ours.Log.FindMaxTimestamp()!.Value.Timestamp);
            Assert.Equal(before.Find(batch => batch.Timestamp == largest)!.First, ours.Log.FindMaxTimestamp()!.Value.Offset);
        }
    }

    [Fact]
    public void Read_AnyBitOfAColdSegmentFlipped_EndsAndHarmsNoOther()
    {
        var random = new Random(8);
        for (int round = 0; round < 300; round++)
        {
            var rig = new LogRig(SmallSegments);
            for (int i = 0; i < 30; i++) rig.Append(2, valueSize: 40, timestamp: 1000 + i);
            long second = rig.Log.Segments.All[1].BaseOffset;
            rig.ReopenClean();
            byte[] bytes = rig.Disk.ReadAll(First + ".log");
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            using (ILogFile file = rig.Disk.Open(First + ".log")) file.Write(bytes, 0);
            for (long offset = 0; offset < second; offset++)
            {
                try
                {
                    _ = LogRig.Bytes(rig.Log.Read(offset, 100, true, long.MaxValue).Slice);
                    _ = rig.Log.FindOffsetByTimestamp(1000 + offset);
                }
                catch (StorageException)
                {
                    // Refused is as good as read: the CRC is the client's to check.
                }
            }

            Assert.NotNull(rig.Read(second));
            Assert.True(rig.Log.IsOpen);
            Assert.Equal(60, rig.Append().FirstOffset);
        }
    }

    [Fact]
    public void Read_DamagedSegmentAgainAndAgain_IndexIsMadeOnce()
    {
        var rig = new LogRig(SmallSegments);
        for (int i = 0; i < 30; i++) rig.Append(2, valueSize: 40);
        int size = rig.Read(0, maxBytes: 1)!.Length;
        rig.ReopenClean();
        byte[] bytes = rig.Disk.ReadAll(First + ".log");
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan((size * 5) + 8), 7);
        using (ILogFile file = rig.Disk.Open(First + ".log")) file.Write(bytes, 0);
        Assert.ThrowsAny<StorageException>(() => rig.Log.Read(11, 100, true, long.MaxValue));
        int changes = rig.Disk.Changes;
        for (int i = 0; i < 5; i++) Assert.ThrowsAny<StorageException>(() => rig.Log.Read(11, 100, true, long.MaxValue));
        Assert.Equal(changes, rig.Disk.Changes);
    }

    private static LogRig Filled(Random random)
    {
        var rig = new LogRig(LogConfig.Default with { IndexIntervalBytes = 100 });
        int batches = random.Next(10, 25);
        // Sizes are a few, so that positions of the one are often positions of the other.
        for (int i = 0; i < batches; i++) rig.Append(random.Next(1, 3), valueSize: random.Next(2) * 30, timestamp: 1000 + random.Next(1_000_000));
        return rig;
    }

    private static DirectoryWorld Stopped()
    {
        var world = new DirectoryWorld(new InMemoryLogFileSystem());
        TrackedLog log = world.Create(0, Guid.NewGuid());
        for (int i = 0; i < 20; i++)
        {
            log.Epoch = i / 5;
            log.Append();
        }

        log.Flush();
        world.CloseClean();
        return world;
    }
}
