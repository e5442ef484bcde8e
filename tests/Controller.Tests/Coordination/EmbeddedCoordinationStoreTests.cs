using System.Text;
using KBroker.Controller.Coordination;
using KBroker.Controller.Coordination.Journal;

namespace KBroker.Controller.Tests.Coordination;

public sealed class EmbeddedCoordinationStoreTests
{
    private const string Journal = "kbroker-coordination.journal";
    private const string Snapshot = "kbroker-coordination.snapshot";

    // Every write, sync, truncate, rename and directory sync of a script, with snapshots among them, is a crash point.
    [Fact]
    public async Task Open_AfterCrashAtEveryDiskOperation_HoldsExactlyWhatWasAcknowledged()
    {
        int total = (await RunAsync(seed: 7, crashAt: int.MaxValue)).Operations;
        Assert.True(total > 150, $"only {total} crash points");
        for (int crashAt = 1; crashAt <= total; crashAt++)
        {
            for (int seed = 0; seed < 3; seed++) Assert.True((await RunAsync(seed * 1000 + 7, crashAt)).Crashed);
        }
    }

    [Fact]
    public async Task Open_AfterReopen_TransactionIdsGoOnAndEphemeralsAreGone()
    {
        var disk = new CrashingJournalStorage(new Random(1));
        long before;
        await using (EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk))
        {
            ICoordinationSession session = await store.OpenSessionAsync();
            await session.EnsurePathAsync("/brokers/ids");
            before = (await session.CreateAsync("/brokers/ids/1", default, CreateMode.Ephemeral)).Stat.CreationId;
        }

        await using EmbeddedCoordinationStore reopened = EmbeddedCoordinationStore.Open(disk);
        ICoordinationSession next = await reopened.OpenSessionAsync();
        Assert.Empty((await next.GetChildrenAsync("/brokers/ids")).Value.Names);
        OperationResult again = await next.CreateAsync("/brokers/ids/1", default, CreateMode.Ephemeral);
        Assert.True(again.Stat.CreationId > before);
    }

    [Fact]
    public async Task Open_DamageBeforeTheLastEntry_RefusesNamingFileAndOffset()
    {
        var disk = new CrashingJournalStorage(new Random(1));
        int firstEntry;
        await using (EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk))
        {
            ICoordinationSession session = await store.OpenSessionAsync();
            await session.CreateAsync("/a", Encoding.UTF8.GetBytes("first"));
            firstEntry = disk.Read(Journal)!.Length;
            await session.CreateAsync("/b", default);
            await session.CreateAsync("/c", default);
        }

        int length = disk.Read(Journal)!.Length;
        int secondEntryEnd = firstEntry + (length - firstEntry) / 2;
        for (int offset = 0; offset < secondEntryEnd; offset++)
        {
            disk.Flip(Journal, offset);
            var refusal = Assert.Throws<CoordinationStoreCorruptException>(() => EmbeddedCoordinationStore.Open(disk));
            Assert.Equal("/disk/" + Journal, refusal.File);
            Assert.Equal(offset < firstEntry ? 0 : firstEntry, refusal.Offset);
            Assert.Contains(refusal.File, refusal.Message, StringComparison.Ordinal);
            disk.Flip(Journal, offset);
        }

        Assert.Equal(length, disk.Read(Journal)!.Length);
    }

    [Fact]
    public async Task Open_DamagedSnapshot_Refuses()
    {
        var disk = new CrashingJournalStorage(new Random(1));
        await using (EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk, snapshotThreshold: 1))
        {
            ICoordinationSession session = await store.OpenSessionAsync();
            await session.CreateAsync("/a", new byte[100]);
        }

        for (int offset = 0; offset < disk.Read(Snapshot)!.Length; offset++)
        {
            disk.Flip(Snapshot, offset);
            Assert.Equal("/disk/" + Snapshot, Assert.Throws<CoordinationStoreCorruptException>(() => EmbeddedCoordinationStore.Open(disk)).File);
            disk.Flip(Snapshot, offset);
        }
    }

    [Fact]
    public async Task Write_DiskFails_ThrowsAndNothingLaterIsAcknowledged()
    {
        var disk = new CrashingJournalStorage(new Random(1));
        await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk);
        ICoordinationSession session = await store.OpenSessionAsync();
        disk.CrashAt = disk.Operations + 2;
        await Assert.ThrowsAsync<IOException>(async () => await session.CreateAsync("/a", default));
        disk.CrashAt = int.MaxValue;
        await Assert.ThrowsAsync<IOException>(async () => await session.CreateAsync("/b", default));
        Assert.Equal(CoordinationStatus.NoNode, (await session.ExistsAsync("/a")).Status);
    }

    [Fact]
    public async Task Write_ManyAtOnce_ShareSyncs()
    {
        var disk = new CrashingJournalStorage(new Random(1));
        await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk);
        ICoordinationSession session = await store.OpenSessionAsync();
        OperationResult[] results = await Task.WhenAll(
            Enumerable.Range(0, 500).Select(i => session.CreateAsync("/n" + i, default).AsTask()));
        Assert.All(results, result => Assert.Equal(CoordinationStatus.Ok, result.Status));
        Assert.Equal(500, (await session.GetChildrenAsync("/")).Value.Names.Count);
    }

    [Fact]
    public async Task Open_RealDirectory_KeepsContentAndHasOneOwner()
    {
        string directory = Directory.CreateTempSubdirectory("kbroker-coordination-").FullName;
        try
        {
            await using (EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(new DirectoryJournalStorage(directory), snapshotThreshold: 300))
            {
                ICoordinationSession session = await store.OpenSessionAsync();
                for (int i = 0; i < 40; i++) await session.CreateAsync("/n" + i, Encoding.UTF8.GetBytes("v" + i));
                IOException refusal = Assert.Throws<IOException>(() => EmbeddedCoordinationStore.Open(directory));
                Assert.Contains("kbroker-coordination.lock", refusal.Message, StringComparison.Ordinal);
            }

            await using EmbeddedCoordinationStore reopened = EmbeddedCoordinationStore.Open(directory);
            ICoordinationSession next = await reopened.OpenSessionAsync();
            Assert.Equal(40, (await next.GetChildrenAsync("/")).Value.Names.Count);
            Assert.Equal("v17", Encoding.UTF8.GetString((await next.GetAsync("/n17")).Value.Data.Span));
            Assert.Empty(Directory.GetDirectories(directory));
            Assert.All(Directory.GetFiles(directory), file => Assert.StartsWith("kbroker-coordination.", Path.GetFileName(file), StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<(int Operations, bool Crashed)> RunAsync(int seed, int crashAt)
    {
        // The script is the same for all crash points; only what the crash tears differs.
        var script = new Random(42);
        var disk = new CrashingJournalStorage(new Random(seed + crashAt)) { CrashAt = crashAt };
        var acknowledged = new NaiveTree();
        NaiveTree? inFlight = null;
        long session = 0;
        try
        {
            await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk, snapshotThreshold: 400);
            ICoordinationSession client = await store.OpenSessionAsync();
            session = client.SessionId;
            for (int i = 0; i < 400; i++)
            {
                List<CoordinationOperation> operations = TreeScript.RandomMulti(script);
                inFlight = acknowledged.Clone();
                inFlight.Multi(operations, session);
                await client.MultiAsync(operations);
                acknowledged.Multi(operations, session);
                inFlight = null;
            }
        }
        catch (IOException)
        {
            Assert.True(disk.Crashed);
        }

        await using EmbeddedCoordinationStore recovered = EmbeddedCoordinationStore.Open(disk.PowerCycle(new Random(seed)), snapshotThreshold: 400);
        acknowledged.DropEphemerals();
        inFlight?.DropEphemerals();
        string found = await TreeScript.DumpAsync(await recovered.OpenSessionAsync());
        Assert.Contains(found, new[] { acknowledged.Dump(), inFlight?.Dump() });
        return (disk.Operations, disk.Crashed);
    }
}
