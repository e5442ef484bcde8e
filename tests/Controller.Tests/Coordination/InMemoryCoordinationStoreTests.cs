using KBroker.Controller.Coordination;

namespace KBroker.Controller.Tests.Coordination;

public sealed class InMemoryCoordinationStoreTests : IAsyncDisposable
{
    private static readonly byte[] Data = [1];
    private readonly InMemoryCoordinationStore _store = new();
    private readonly List<WatchEvent> _seen = [];

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Multi_RandomOperations_AgreesWithModel(int seed)
    {
        var random = new Random(seed);
        var model = new NaiveTree();
        var sessions = new List<ICoordinationSession> { await _store.OpenSessionAsync(), await _store.OpenSessionAsync() };
        for (int i = 0; i < 3000; i++)
        {
            ICoordinationSession session = sessions[random.Next(2)];
            List<CoordinationOperation> operations = TreeScript.RandomMulti(random);
            MultiResult result = await session.MultiAsync(operations);
            Assert.Equal(model.Multi(operations, session.SessionId), result.Status);
            if (i % 10 == 0) Assert.Equal(model.Dump(), await TreeScript.DumpAsync(session));
            if (i % 300 != 299) continue;
            int ending = random.Next(2);
            await sessions[ending].DisposeAsync();
            model.DropEphemerals(sessions[ending].SessionId);
            sessions[ending] = await _store.OpenSessionAsync();
        }
    }

    [Fact]
    public async Task Create_InOneMulti_SharesTransactionIdAndNeverReusesIt()
    {
        ICoordinationSession session = await _store.OpenSessionAsync();
        MultiResult first = await session.MultiAsync([new CoordinationOperation.Create("/a", Data), new CoordinationOperation.Create("/a/b", Data)]);
        Assert.Equal(first.Results[0].Stat.CreationId, first.Results[1].Stat.CreationId);
        await session.DeleteAsync("/a/b");
        OperationResult again = await session.CreateAsync("/a/b", Data);
        Assert.True(again.Stat.CreationId > first.Results[1].Stat.CreationId);
    }

    [Fact]
    public async Task Create_Sequential_GrowsEvenAfterDeletes()
    {
        ICoordinationSession session = await _store.OpenSessionAsync();
        await session.CreateAsync("/q", Data);
        OperationResult first = await session.CreateAsync("/q/n_", Data, CreateMode.Sequential);
        await session.DeleteAsync(first.Path);
        OperationResult second = await session.CreateAsync("/q/n_", Data, CreateMode.Sequential);
        Assert.Equal("/q/n_0000000000", first.Path);
        Assert.True(string.CompareOrdinal(second.Path, first.Path) > 0);
    }

    [Fact]
    public async Task Multi_OneStepFails_NamesItAndRollsBackTheRest()
    {
        ICoordinationSession session = await _store.OpenSessionAsync();
        MultiResult result = await session.MultiAsync(
            [new CoordinationOperation.Create("/a", Data), new CoordinationOperation.Check("/missing", 0)]);
        Assert.Equal(CoordinationStatus.NoNode, result.Status);
        Assert.Equal(1, result.FailedIndex);
        Assert.Equal(CoordinationStatus.RolledBack, result.Results[0].Status);
        Assert.Equal(CoordinationStatus.NoNode, (await session.ExistsAsync("/a")).Status);
    }

    [Fact]
    public async Task Watch_OneShot_FiresOnceForItsKindOfChange()
    {
        ICoordinationSession session = await _store.OpenSessionAsync();
        await session.CreateAsync("/a", Data);
        await session.GetAsync("/a", _seen.Add);
        await session.CreateAsync("/a/child", Data);
        Assert.Empty(_seen);
        await session.SetDataAsync("/a", Data);
        await session.SetDataAsync("/a", Data);
        Assert.Equal([new WatchEvent(WatchEventType.NodeDataChanged, "/a")], _seen);

        _seen.Clear();
        await session.GetChildrenAsync("/a", _seen.Add);
        await session.SetDataAsync("/a", Data);
        Assert.Empty(_seen);
        await session.DeleteAsync("/a/child");
        Assert.Equal([new WatchEvent(WatchEventType.NodeChildrenChanged, "/a")], _seen);
    }

    [Fact]
    public async Task Watch_OnMissingNode_FiresAtCreation()
    {
        ICoordinationSession session = await _store.OpenSessionAsync();
        await session.ExistsAsync("/controller", _seen.Add);
        await session.CreateAsync("/controller", Data);
        Assert.Equal([new WatchEvent(WatchEventType.NodeCreated, "/controller")], _seen);
    }

    [Fact]
    public async Task Watch_Recursive_SeesEverythingBelowUntilDisposed()
    {
        ICoordinationSession session = await _store.OpenSessionAsync();
        IDisposable watch = await session.WatchAsync("/a", recursive: true, _seen.Add);
        await session.EnsurePathAsync("/a/b/c");
        await session.CreateAsync("/other", Data);
        Assert.Equal(["/a", "/a/b", "/a/b/c"], _seen.Select(change => change.Path));
        watch.Dispose();
        await session.DeleteAsync("/a/b/c");
        Assert.Equal(3, _seen.Count);
    }

    [Fact]
    public async Task Watch_WatcherWrites_ChangesStayInOrder()
    {
        ICoordinationSession session = await _store.OpenSessionAsync();
        await session.CreateAsync("/a", Data);
        await session.WatchAsync("/a", recursive: false, change =>
        {
            if (_seen.Count == 0) _ = session.DeleteAsync("/a").AsTask();
            _seen.Add(change);
        });
        await session.SetDataAsync("/a", Data);
        Assert.Equal([WatchEventType.NodeDataChanged, WatchEventType.NodeDeleted], _seen.Select(change => change.Type));
    }

    [Fact]
    public async Task ExpireSession_EphemeralsGoAndOthersHearOfIt()
    {
        ICoordinationSession dying = await _store.OpenSessionAsync();
        ICoordinationSession other = await _store.OpenSessionAsync();
        await dying.CreateAsync("/controller", Data, CreateMode.Ephemeral);
        await other.GetAsync("/controller", _seen.Add);
        await _store.ExpireSessionAsync(dying.SessionId);
        Assert.Equal([new WatchEvent(WatchEventType.NodeDeleted, "/controller")], _seen);
        Assert.True(dying.Ended.IsCancellationRequested);
        Assert.Equal(CoordinationStatus.SessionExpired, (await dying.CreateAsync("/x", Data)).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("/a/")]
    [InlineData("//a")]
    [InlineData("/a/../b")]
    [InlineData("/a\0b")]
    public async Task Create_MalformedPath_Throws(string path)
    {
        ICoordinationSession session = await _store.OpenSessionAsync();
        await Assert.ThrowsAsync<ArgumentException>(async () => await session.CreateAsync(path, Data));
    }
}
