using KBroker.Controller.Coordination;

namespace KBroker.Controller.Tests.Coordination;

public sealed class FullDiskTests
{
    private const string Journal = "kbroker-coordination.journal";
    private const string Snapshot = "kbroker-coordination.snapshot";

    [Fact]
    public async Task Write_NoRoom_FailsAloneAndLeavesNoTrace()
    {
        var inner = new CrashingJournalStorage(new Random(1));
        var disk = new FullDiskJournalStorage(inner, new Random(2));
        await using (EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk))
        {
            ICoordinationSession session = await store.OpenSessionAsync();
            await session.CreateAsync("/before", default);
            byte[] acknowledged = inner.Read(Journal)!;
            disk.IsFull = _ => true;
            for (int i = 0; i < 20; i++)
            {
                await Assert.ThrowsAsync<IOException>(async () => await session.CreateAsync("/refused", new byte[50]));
                Assert.Equal(acknowledged, inner.Read(Journal));
                Assert.Equal(CoordinationStatus.NoNode, (await session.ExistsAsync("/refused")).Status);
                Assert.Equal(CoordinationStatus.Ok, (await session.ExistsAsync("/before")).Status);
            }

            disk.IsFull = _ => false;
            Assert.Equal(CoordinationStatus.Ok, (await session.CreateAsync("/after", default)).Status);
        }

        await using EmbeddedCoordinationStore reopened = EmbeddedCoordinationStore.Open(inner);
        ICoordinationSession next = await reopened.OpenSessionAsync();
        Assert.Equal(["after", "before"], (await next.GetChildrenAsync("/")).Value.Names.Order());
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Write_NoRoomAndTheRestCannotBeCutOff_NothingLaterIsWritten(bool truncateFails, bool syncFails)
    {
        var inner = new CrashingJournalStorage(new Random(1));
        var disk = new FullDiskJournalStorage(inner, new Random(2));
        await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk);
        ICoordinationSession session = await store.OpenSessionAsync();
        await session.CreateAsync("/before", default);
        (disk.IsFull, disk.TruncateFails, disk.SyncFails) = (_ => true, truncateFails, syncFails);
        await Assert.ThrowsAsync<IOException>(async () => await session.CreateAsync("/a", default));
        (disk.IsFull, disk.TruncateFails, disk.SyncFails) = (_ => false, false, false);
        int operations = inner.Operations;
        await Assert.ThrowsAsync<IOException>(async () => await session.CreateAsync("/b", default));
        Assert.Equal(operations, inner.Operations);
        Assert.Equal(CoordinationStatus.Ok, (await session.ExistsAsync("/before")).Status);
    }

    [Fact]
    public async Task Write_SyncOfTheEntryFails_NothingLaterIsWritten()
    {
        var inner = new CrashingJournalStorage(new Random(1));
        var disk = new FullDiskJournalStorage(inner, new Random(2));
        await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk);
        ICoordinationSession session = await store.OpenSessionAsync();
        disk.SyncFails = true;
        await Assert.ThrowsAsync<IOException>(async () => await session.CreateAsync("/a", default));
        disk.SyncFails = false;
        int operations = inner.Operations;
        await Assert.ThrowsAsync<IOException>(async () => await session.CreateAsync("/a", default));
        Assert.Equal(operations, inner.Operations);
    }

    [Fact]
    public async Task Write_NoRoomForTheSnapshot_IsPutOff()
    {
        var inner = new CrashingJournalStorage(new Random(1));
        var disk = new FullDiskJournalStorage(inner, new Random(2)) { IsFull = name => name != Journal };
        await using (EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk, snapshotThreshold: 400))
        {
            ICoordinationSession session = await store.OpenSessionAsync();
            for (int i = 0; i < 40; i++)
            {
                Assert.Equal(CoordinationStatus.Ok, (await session.CreateAsync("/n" + i, default)).Status);
                Assert.Empty(inner.Read(Snapshot + ".tmp") ?? []);
            }

            Assert.InRange(disk.Refusals, 2, 20);
            Assert.Null(inner.Read(Snapshot));
            disk.IsFull = _ => false;
            for (int i = 40; i < 80; i++) await session.CreateAsync("/n" + i, default);
            Assert.NotNull(inner.Read(Snapshot));
        }

        await using EmbeddedCoordinationStore reopened = EmbeddedCoordinationStore.Open(inner);
        Assert.Equal(80, (await (await reopened.OpenSessionAsync()).GetChildrenAsync("/")).Value.Names.Count);
    }

    // The disk is full now and then, and the machine stops before each disk operation in turn, those of the repair included.
    [Fact]
    public async Task Open_AfterCrashOnADiskFullNowAndThen_HoldsExactlyWhatWasAcknowledged()
    {
        (int total, int refusals) = await RunAsync(seed: 7, crashAt: int.MaxValue);
        Assert.True(total > 150 && refusals > 20, $"{total} crash points, {refusals} refusals");
        for (int crashAt = 1; crashAt <= total; crashAt++) await RunAsync(seed: 7, crashAt);
    }

    private static async Task<(int Operations, int Refusals)> RunAsync(int seed, int crashAt)
    {
        // Script and shortages are the same for all crash points; only what the crash tears differs.
        var script = new Random(42);
        var shortages = new Random(43);
        var inner = new CrashingJournalStorage(new Random(seed + crashAt)) { CrashAt = crashAt };
        var disk = new FullDiskJournalStorage(inner, new Random(44));
        var acknowledged = new NaiveTree();
        NaiveTree? inFlight = null;
        try
        {
            await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk, snapshotThreshold: 400);
            ICoordinationSession client = await store.OpenSessionAsync();
            for (int i = 0; i < 600; i++)
            {
                bool full = shortages.Next(3) == 0;
                disk.IsFull = _ => full;
                List<CoordinationOperation> operations = TreeScript.RandomMulti(script);
                inFlight = acknowledged.Clone();
                inFlight.Multi(operations, client.SessionId);
                try
                {
                    await client.MultiAsync(operations);
                    acknowledged.Multi(operations, client.SessionId);
                }
                catch (IOException) when (full && !inner.Crashed)
                {
                    // Refused: it has not taken place, now or after a crash.
                }

                inFlight = null;
            }
        }
        catch (IOException)
        {
            Assert.True(inner.Crashed);
        }

        await using EmbeddedCoordinationStore recovered = EmbeddedCoordinationStore.Open(inner.PowerCycle(new Random(seed)), snapshotThreshold: 400);
        acknowledged.DropEphemerals();
        inFlight?.DropEphemerals();
        string found = await TreeScript.DumpAsync(await recovered.OpenSessionAsync());
        Assert.Contains(found, new[] { acknowledged.Dump(), inFlight?.Dump() });
        return (inner.Operations, disk.Refusals);
    }
}
