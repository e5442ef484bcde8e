using System.Globalization;
using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Tests.Compaction;
using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests.Stress;

/// <summary>
/// Another thread does something to a log at each operation of its cleaning on the disk, with room for one open file and no index: the
/// cleaning goes on or is given up, the directory stays online, and the fold stays.
/// </summary>
public sealed class CleaningInterruptedTests
{
    private static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(30);

    private static readonly LogConfig Config = LogConfig.Default with
    {
        SegmentBytes = 500,
        IndexIntervalBytes = 100,
        SegmentIndexBytes = 4096,
        Compact = true,
        Delete = false,
        MinCleanableDirtyRatio = 0,
        DeleteRetentionMs = 0,
        FileDeleteDelayMs = 0,
    };

    [Fact]
    public void Clean_PartitionDeletedMeanwhile_IsGivenUp() =>
        AtEveryOperation(world => world.Directory.Delete(world.Log.TopicPartition), Aftermath.Gone);

    [Fact]
    public void Clean_DirectoryClosedMeanwhile_LeavesALogThatOpens() =>
        AtEveryOperation(world => world.Directory.Close(1), Aftermath.Closed);

    [Fact]
    public void Clean_RecordsDeletedMeanwhile_GoesOnOrIsGivenUp() => AtEveryOperation(
        world =>
        {
            world.Log.DeleteBefore(world.Log.CommittedEnd / 2);
            world.Directory.RunDeletions();
        },
        Aftermath.Open);

    [Fact]
    public void Clean_RetentionMeanwhile_GoesOnOrIsGivenUp() => AtEveryOperation(
        world =>
        {
            world.Log.UpdateConfig(Config with { Delete = true, RetentionBytes = 700 });
            world.Directory.RunRetention(world.Now);
            world.Directory.RunDeletions();
        },
        Aftermath.Open);

    [Fact]
    public void Clean_LogCutMeanwhile_GoesOnOrIsGivenUp() => AtEveryOperation(
        world =>
        {
            world.Log.TruncateTo(world.Log.CommittedEnd);
            world.Put("k0", "behind the cut");
        },
        Aftermath.Cut);

    [Fact]
    public void Clean_LogRollsAndGrowsMeanwhile_GoesOn() => AtEveryOperation(
        world =>
        {
            for (int i = 0; i < 3; i++)
            {
                world.Put("k" + i, "grown");
                world.Log.Roll();
            }

            world.Commit();
        },
        Aftermath.Open);

    [Fact]
    public void Clean_LogReadMeanwhile_ReadsRight() => AtEveryOperation(
        world =>
        {
            world.CheckFold();
            world.CheckRecords();
            Assert.NotNull(world.Log.FindOffsetByTimestamp(world.Now - 100));
            Assert.NotNull(world.Log.FindMaxTimestamp());
        },
        Aftermath.Open);

    [Fact]
    public void Read_IndexOfAbortedTransactionsGetsItsBareNameMeanwhile_IsFound()
    {
        const string swapped = ".txnindex.swap";
        CompactionWorld world = Prepare();
        using var reached = new ManualResetEventSlim();
        using var renamed = new ManualResetEventSlim();
        int cleaning = Environment.CurrentManagedThreadId;
        Exception? failure = null;
        Thread? reader = null;
        world.Disk.BeforeReading = (operation, path) =>
        {
            if (Environment.CurrentManagedThreadId == cleaning || operation != "open" || !path.EndsWith(swapped, StringComparison.Ordinal)) return;
            reached.Set();
            renamed.Wait(TooLong);
        };
        world.Disk.BeforeChange = (operation, path) =>
        {
            if (Environment.CurrentManagedThreadId != cleaning || operation != "flush" || path != world.Log.Directory) return;
            if (reached.IsSet)
            {
                // The suffix is off, and the list of segments as the reader saw it.
                renamed.Set();
                reader!.Join(TooLong);
                return;
            }

            reader = new Thread(() => failure = Record.Exception(world.CheckFold));
            reader.Start();
            while (!reached.IsSet && !reader.Join(1)) ;
        };
        world.Clean();
        Assert.True(reached.IsSet, "nobody read an index with that suffix");
        Assert.True(reader!.Join(TooLong), "the reader waits");
        Assert.Null(failure);
        world.Disk.BeforeChange = world.Disk.BeforeReading = null;
        Check(world, Aftermath.Open);
    }

    private static void AtEveryOperation(Action<CompactionWorld> action, Aftermath aftermath)
    {
        bool fired = true;
        int point = 0;
        for (; fired; point++)
        {
            CompactionWorld world = Prepare();
            Exception? failure = null;
            var other = new Thread(() => failure = Record.Exception(() => action(world)));
            int cleaning = Environment.CurrentManagedThreadId;
            int left = point;
            fired = false;
            void Strike(string operation, string path)
            {
                if (Environment.CurrentManagedThreadId != cleaning || left-- != 0) return;
                fired = true;
                other.Start();
                // Where the cleaning holds what the other needs, the other waits for it.
                other.Join(HeadStart);
            }

            world.Disk.BeforeChange = world.Disk.BeforeReading = Strike;
            try
            {
                world.Clean();
            }
            finally
            {
                world.Disk.BeforeChange = world.Disk.BeforeReading = null;
            }

            if (!fired) break;
            Assert.True(other.Join(TooLong), $"operation {point}: the threads wait for each other");
            try
            {
                Assert.Null(failure);
                Check(world, aftermath);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                throw new InvalidOperationException($"operation {point}: {e}", e);
            }
        }

        Assert.True(point > 40, $"only {point} operations");
    }

    private static CompactionWorld Prepare()
    {
        var world = new CompactionWorld(new InMemoryLogFileSystem(), Config, budget: new StorageBudget(1, 1));
        int sequence = 0;
        for (int i = 0; i < 7; i++)
        {
            string value = i.ToString(CultureInfo.InvariantCulture);
            world.Append([("k" + (i % 3), value), ("k" + (i % 4), i % 5 == 4 ? null : value), ("once" + i, value)]);
            long first = world.Log.LogEndOffset;
            world.Append([("k1", "t" + value)], producer: new ProducerStamp(7, sequence++, true));
            world.End(7, commit: i % 2 == 0, first);
        }

        world.Log.Roll();
        world.Commit();
        world.Put("k2", "not committed");
        world.Log.Flush();
        world.Directory.Checkpoint();
        return world;
    }

    private static void Check(CompactionWorld world, Aftermath aftermath)
    {
        Assert.Empty(world.Failures);
        Assert.Null(world.Log.Compaction.Uncleanable);
        if (aftermath == Aftermath.Cut) world.Forget();
        if (aftermath is Aftermath.Open or Aftermath.Cut)
        {
            world.CheckFold();
            while (world.Clean()) world.CheckFold();
            world.CheckRecords();
            world.Directory.RunDeletions();
            world.Directory.Close(1);
        }

        if (aftermath == Aftermath.Gone) world.Directory.Close(1);
        Assert.Equal(0, world.Disk.OpenHandles);
        if (aftermath == Aftermath.Gone) return;
        world.Reopen(clean: true);
        world.CheckFold();
        world.CheckRecords();
        Assert.Empty(world.Failures);
    }

    private enum Aftermath
    {
        Open,
        Cut,
        Closed,
        Gone,
    }
}
