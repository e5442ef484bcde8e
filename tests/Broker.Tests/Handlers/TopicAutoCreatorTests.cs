using KBroker.Broker.Metadata;
using KBroker.Controller;
using KBroker.Protocol;

namespace KBroker.Broker.Tests.Handlers;

public sealed class TopicAutoCreatorTests
{
    private readonly ScriptedController _controller = new();

    [Fact]
    public async Task Create_ManyAtOnce_AsksTheControllerOnceForEachTopic()
    {
        var go = new TaskCompletionSource();
        _controller.Go = go.Task;
        var creator = new TopicAutoCreator(_controller);
        Task<IReadOnlyDictionary<string, ErrorCode>>[] clients = [.. Enumerable.Range(0, 100).Select(i => creator.CreateAsync(i % 2 == 0 ? ["a", "b"] : ["b", "c"]))];
        go.SetResult();
        await Task.WhenAll(clients);
        Assert.Equal(["a", "b", "c"], _controller.Created.Order());
        Assert.All(clients, client => Assert.Equal(ErrorCode.None, client.Result["b"]));
    }

    [Fact]
    public async Task Create_AfterAnEarlierOneIsOver_AsksAgain()
    {
        var creator = new TopicAutoCreator(_controller);
        await creator.CreateAsync(["a"]);
        await creator.CreateAsync(["a"]);
        Assert.Equal(["a", "a"], _controller.Created);
    }

    [Theory]
    [InlineData(ErrorCode.TopicAlreadyExists, ErrorCode.None)]
    [InlineData(ErrorCode.NotController, ErrorCode.LeaderNotAvailable)]
    [InlineData(ErrorCode.InvalidReplicationFactor, ErrorCode.InvalidReplicationFactor)]
    public async Task Create_Refused_TellsClientsWhatTheyUnderstand(ErrorCode fromController, ErrorCode forClients)
    {
        _controller.Answer = topic => new CreateTopicResult(topic.Name, fromController, null, Guid.Empty, -1, -1);
        Assert.Equal(forClients, (await new TopicAutoCreator(_controller).CreateAsync(["a"]))["a"]);
    }

    [Fact]
    public async Task Create_ControllerFails_EveryWaiterHearsAndTheNextMayTry()
    {
        var go = new TaskCompletionSource();
        _controller.Go = go.Task;
        var creator = new TopicAutoCreator(_controller);
        Task first = creator.CreateAsync(["a"]);
        Task second = creator.CreateAsync(["a"]);
        go.SetException(new IOException("broken"));
        await Assert.ThrowsAsync<IOException>(() => first);
        await Assert.ThrowsAsync<IOException>(() => second);
        _controller.Go = Task.CompletedTask;
        Assert.Equal(ErrorCode.None, (await creator.CreateAsync(["a"]))["a"]);
    }
}
