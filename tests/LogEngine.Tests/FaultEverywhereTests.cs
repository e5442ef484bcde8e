using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

/// <summary>Every change to the disk fails once, or from then on: what is acknowledged stays true, and a failed disk is left alone.</summary>
public sealed class FaultEverywhereTests
{
    private const int InputOutputError = 5;

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void InputOutputError_AnyChange_DirectoryGoesOfflineAndRecovers(bool forever, bool powerLoss)
    {
        for (int nth = 1; nth <= CountChanges(); nth++)
        {
            DirectoryWorld world = Prepared();
            world.Disk.Faults.Add(new DiskFault("change", InputOutputError, nth, forever) { Written = 0.5 });
            bool failed = false;
            foreach (Action step in Steps(world))
            {
                try
                {
                    step();
                }
                catch (StorageException)
                {
                    failed = true;
                    break;
                }
            }

            Assert.True(failed, $"change {nth} failed and nobody was told");
            Assert.True(world.Directory.IsOffline, $"change {nth} ({world.Disk.LastChange}) failed and the directory is online");
            Assert.Single(world.Failures);
            Assert.ThrowsAny<StorageException>(() => world.Logs[0].Log.AppendAsLeader(Batches.Make(1), new Protocol.Identity.LeaderEpoch(9)));
            int changes = world.Disk.Changes;
            world.CloseClean();
            Assert.Equal(changes, world.Disk.Changes);
            Recover(world, powerLoss, nth);
        }
    }

    [Fact]
    public void DiskFullForOneChange_AnyChange_LogGoesOn()
    {
        for (int nth = 1; nth <= CountChanges(); nth++)
        {
            DirectoryWorld world = Prepared();
            world.Disk.Faults.Add(new DiskFault("change", InMemoryLogFileSystem.NoSpace, nth) { Written = 0.5 });
            foreach (Action step in Steps(world))
            {
                try
                {
                    step();
                }
                catch (StorageException e) when (e.MayPass)
                {
                    Assert.False(world.Directory.IsOffline);
                    world.Logs[0].Settle(powerLoss: false);
                }
                catch (StorageException)
                {
                    // A flush that fails for want of space is a failed disk.
                    Assert.True(world.Directory.IsOffline);
                    break;
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"change {nth}: {e.Message}", e);
                }
            }

            if (!world.Directory.IsOffline) world.Logs[0].Verify();
            Recover(world, powerLoss: nth % 2 == 0, nth);
        }
    }

    [Fact]
    public void DiskFullAtAnyByte_AppendsFailWholeAndGoOnWithRoom()
    {
        for (int room = 0; room < 400; room += 3)
        {
            DirectoryWorld world = Prepared();
            world.Disk.Capacity = long.MaxValue - 1;
            long before = world.Disk.Capacity - world.Disk.FreeSpace("/data");
            world.Disk.Capacity = before + room;
            TrackedLog log = world.Logs[0];
            int failed = 0;
            for (int i = 0; i < 10; i++)
            {
                try
                {
                    log.Append();
                }
                catch (StorageException e)
                {
                    Assert.True(e.MayPass);
                    failed++;
                    log.Settle(powerLoss: false);
                }
            }

            Assert.NotEqual(0, failed);
            world.Disk.Capacity = long.MaxValue;
            for (int i = 0; i < 10; i++) log.Append();
            log.Verify();
            Recover(world, powerLoss: room % 2 == 0, room);
        }
    }

    private static void Recover(DirectoryWorld world, bool powerLoss, int seed)
    {
        world.Disk.Faults.Clear();
        world.Failures.Clear();
        if (powerLoss) world.Disk.LosePower(new Random(seed));
        else world.Disk.Kill();
        try
        {
            world.Recover(powerLoss);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"change or room {seed}: {e.Message}", e);
        }
    }

    private static int CountChanges()
    {
        DirectoryWorld world = Prepared();
        int before = world.Disk.Changes;
        foreach (Action step in Steps(world)) step();
        return world.Disk.Changes - before;
    }

    private static DirectoryWorld Prepared()
    {
        var world = new DirectoryWorld(new InMemoryLogFileSystem());
        TrackedLog log = world.Create();
        for (int i = 0; i < 12; i++) log.Append();
        log.Flush();
        world.Directory.Checkpoint();
        return world;
    }

    private static IEnumerable<Action> Steps(DirectoryWorld world)
    {
        TrackedLog log = world.Logs[0];
        for (int i = 0; i < 5; i++) yield return () => log.Append();
        yield return log.Roll;
        yield return () => log.AppendAsFollower(0, 1, 1);
        yield return log.Flush;
        yield return world.Directory.Checkpoint;
        yield return () => log.DeleteRecords(Math.Max(Math.Min(6, log.Before.End), log.Before.Start));
        yield return () => log.TruncateTo(log.Before.Batches.Count > 11 ? log.Before.Batches[11].First : log.Before.End);
        for (int i = 0; i < 3; i++) yield return () => log.Append();
        yield return log.Flush;
        yield return () => log.TruncateTo(log.Before.Batches.Count > 6 ? log.Before.Batches[^2].First : log.Before.End);
        yield return () => log.Append();
        yield return () => log.StartOver(50);
        yield return () => log.Append();
        yield return log.Flush;
        yield return world.Directory.RunDeletions;
        yield return world.Directory.Checkpoint;
    }
}
