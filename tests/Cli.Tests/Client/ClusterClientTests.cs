using KBroker.Cli.Client;
using KBroker.Cli.Tests.Fakes;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Tests.Client;

public sealed class ClusterClientTests
{
    [Fact]
    public async Task AnyBroker_FirstOfTheListIsDown_TakesTheNext()
    {
        await using var broker = new FakeBroker();
        _ = new FakeTopic(broker, "t", 1);
        await using var cluster = new ClusterClient([new BrokerEndpoint("127.0.0.1", 1), broker.Endpoint], TestClient.Options);
        Assert.Single((await cluster.GetMetadataAsync(null, allowAutoCreation: false, default)).Topics);
    }

    [Fact]
    public async Task AnyBroker_NobodyThere_TellsWhatToDo()
    {
        await using var cluster = new ClusterClient([new BrokerEndpoint("127.0.0.1", 1)], TestClient.Options);
        var e = await Assert.ThrowsAsync<ClientException>(() => cluster.AnyBrokerAsync(default));
        Assert.Equal("Could not connect to 127.0.0.1:1. Is the broker running? Start one with `kbroker start`.", e.Message);
        Assert.False(e.IsRetriable);
    }

    [Fact]
    public async Task SendToController_ControllerMoves_FollowsIt()
    {
        await using var first = new FakeBroker();
        await using var second = new FakeBroker();
        int controller = 1;
        foreach (FakeBroker broker in (FakeBroker[])[first, second])
        {
            broker.On<MetadataRequest>(ApiKey.Metadata, (_, _) => new MetadataResponse
            {
                Brokers =
                [
                    new() { NodeId = 1, Host = first.Endpoint.Host, Port = first.Endpoint.Port },
                    new() { NodeId = 2, Host = second.Endpoint.Host, Port = second.Endpoint.Port },
                ],
                ControllerId = controller,
            });
        }

        first.On<DeleteTopicsRequest>(ApiKey.DeleteTopics, (request, _) =>
        {
            controller = 2;
            return new DeleteTopicsResponse { Responses = [new() { Name = request.Topics[0].Name, ErrorCode = ErrorCode.NotController }] };
        });
        second.On<DeleteTopicsRequest>(
            ApiKey.DeleteTopics, (request, _) => new DeleteTopicsResponse { Responses = [new() { Name = request.Topics[0].Name }] });
        await using ClusterClient cluster = TestClient.Of(first);
        var results = await new AdminClient(cluster).DeleteTopicsAsync(["t"], default);
        Assert.Equal(ErrorCode.None, results.Single().ErrorCode);
        Assert.Equal((1, 1), (first.Count(ApiKey.DeleteTopics), second.Count(ApiKey.DeleteTopics)));
    }

    [Fact]
    public async Task GetMetadata_ManyAtOnce_OneConnection()
    {
        await using var broker = new FakeBroker();
        _ = new FakeTopic(broker, "t", 1);
        await using ClusterClient cluster = TestClient.Of(broker);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => cluster.GetMetadataAsync(null, allowAutoCreation: false, default)));
        Assert.Equal(1, broker.Connections);
    }
}
