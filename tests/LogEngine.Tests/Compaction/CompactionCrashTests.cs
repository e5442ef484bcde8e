using System.Globalization;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Compression;

namespace KBroker.LogEngine.Tests.Compaction;

/// <summary>A compaction that is stopped at any change of the disk leaves the old log or the new one.</summary>
public sealed class CompactionCrashTests
{
    private static readonly LogConfig Config = LogConfig.Default with
    {
        SegmentBytes = 700,
        IndexIntervalBytes = 100,
        SegmentIndexBytes = 4096,
        Compact = true,
        Delete = false,
        MinCleanableDirtyRatio = 0,
        DeleteRetentionMs = 1000,
        FileDeleteDelayMs = 0,
    };

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public void Compaction_StoppedAnywhere_FoldStaysAndAppendsGoOn(bool namesKeepOrder, int earlierCleanings)
    {
        int tried = CrashPoints.TryAll(
            disk =>
            {
                disk.NamesKeepOrder = namesKeepOrder;
                CompactionWorld world = Prepare(disk);
                for (int i = 0; i < earlierCleanings; i++)
                {
                    world.CleanAll();
                    world.Time.Advance(TimeSpan.FromSeconds(2));
                    for (int j = 0; j < 4; j++) world.Put("k" + j, j == 3 ? null : "later");
                    world.Log.Roll();
                    world.Commit();
                    world.Log.Flush();
                }

                return world;
            },
            world =>
            {
                world.Clean();
                world.Directory.RunDeletions();
            },
            (world, point) => Check(world));
        Assert.True(tried > 200, $"only {tried} stops were tried");
    }

    private static CompactionWorld Prepare(InMemoryLogFileSystem disk)
    {
        var world = new CompactionWorld(disk, Config);
        int sequence = 0;
        for (int i = 0; i < 12; i++)
        {
            string value = i.ToString(CultureInfo.InvariantCulture);
            world.Append([("k" + (i % 3), value), ("k" + (i % 4), i % 5 == 4 ? null : value), ("once" + i, value)], i % 2 == 0 ? CompressionType.None : CompressionType.Gzip);
            long first = world.Log.LogEndOffset;
            world.Append([("k1", "t" + value), ("k2", "t" + value)], producer: new ProducerStamp(7, sequence, true));
            sequence += 2;
            world.End(7, commit: i % 2 == 0, first);
        }

        world.Put("end", "end");
        world.Log.Roll();
        world.Put("active", "active");
        world.Commit();
        world.Log.Flush();
        world.Directory.Checkpoint();
        Assert.True(world.Log.SegmentCount > 5, "too few segments");
        return world;
    }

    private static void Check(CompactionWorld world)
    {
        long committed = world.Appended[^1].Offset + 1;
        world.Recover(committed);
        Assert.Equal(committed, world.Log.LogEndOffset);
        CheckAll(world);
        world.Put("k0", "new");
        world.Append([("k1", "again")], producer: new ProducerStamp(7, 24, true));
        world.End(7, commit: true, 0);
        world.CleanAll();
        CheckAll(world);
        world.Reopen(clean: false);
        CheckAll(world);
        world.Reopen(clean: true);
        CheckAll(world);
        world.Directory.RunDeletions();
        Assert.DoesNotContain(world.Disk.List(world.Log.Directory), entry => entry.Name.EndsWith(".swap", StringComparison.Ordinal)
            || entry.Name.EndsWith(".cleaned", StringComparison.Ordinal) || entry.Name.EndsWith(".deleted", StringComparison.Ordinal));
    }

    private static void CheckAll(CompactionWorld world)
    {
        world.CheckFold();
        world.CheckRecords();
    }
}
