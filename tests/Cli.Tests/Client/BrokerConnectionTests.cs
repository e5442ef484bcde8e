using System.Text;
using KBroker.Cli.Client;
using KBroker.Cli.Tests.Fakes;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Tests.Client;

public sealed class BrokerConnectionTests
{
    [Fact]
    public async Task Connect_BrokerServesLess_HighestCommonVersionIsUsed()
    {
        await using var broker = new FakeBroker();
        broker.On<MetadataRequest>(ApiKey.Metadata, (_, _) => new MetadataResponse { ControllerId = 5 });
        broker.Versions[ApiKey.Metadata] = (2, 6);
        await using BrokerConnection connection = await ConnectAsync(broker);
        var response = await connection.SendAsync<MetadataResponse>(new MetadataRequest(), default);
        Assert.Equal(5, response.ControllerId);
        Assert.Contains((ApiKey.Metadata, (short)6), broker.Seen);
        await connection.SendAsync<MetadataResponse>(new MetadataRequest(), default, atMost: 3);
        Assert.Contains((ApiKey.Metadata, (short)3), broker.Seen);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Connect_BrokerKnowsOnlyOlderApiVersions_FallsBack(short highest)
    {
        await using var broker = new FakeBroker();
        broker.Versions[ApiKey.ApiVersions] = (0, highest);
        await using BrokerConnection connection = await ConnectAsync(broker);
        Assert.Equal((ApiKey.ApiVersions, highest), broker.Seen.Last());
        Assert.Equal(highest, connection.Versions.Highest(ApiKey.ApiVersions));
    }

    [Fact]
    public async Task Send_NoCommonVersion_SaysSo()
    {
        await using var broker = new FakeBroker();
        broker.On<MetadataRequest>(ApiKey.Metadata, (_, _) => new MetadataResponse());
        broker.Versions[ApiKey.Metadata] = (100, 200);
        await using BrokerConnection connection = await ConnectAsync(broker);
        var e = await Assert.ThrowsAsync<ClientException>(() => connection.SendAsync<MetadataResponse>(new MetadataRequest(), default));
        Assert.Equal(ErrorCode.UnsupportedVersion, e.Code);
        Assert.Contains("Metadata", e.Message, StringComparison.Ordinal);
        Assert.False(connection.IsClosed);
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("\0\0\0\0\0\0\0\0")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    public async Task Connect_NotABroker_SaysSo(string answer)
    {
        await using var server = new FakeBroker { RawAnswer = Encoding.ASCII.GetBytes(answer) };
        var e = await Assert.ThrowsAsync<ClientException>(() => ConnectAsync(server));
        Assert.Contains("does not answer in Kafka's protocol", e.Message, StringComparison.Ordinal);
        Assert.False(e.IsRetriable);
    }

    [Fact]
    public async Task Send_ManyAtOnce_EachGetsItsOwnAnswer()
    {
        await using var broker = new FakeBroker();
        broker.On<DescribeClusterRequest>(
            ApiKey.DescribeCluster,
            (request, _) => new DescribeClusterResponse { ClusterId = request.IncludeClusterAuthorizedOperations ? "yes" : "no" });
        await using BrokerConnection connection = await ConnectAsync(broker);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => connection.SendAsync<DescribeClusterResponse>(
            new DescribeClusterRequest { IncludeClusterAuthorizedOperations = i % 3 == 0 }, default)));
        for (int i = 0; i < answers.Length; i++) Assert.Equal(i % 3 == 0 ? "yes" : "no", answers[i].ClusterId);
    }

    [Fact]
    public async Task Send_BrokerGoes_EveryCallerIsTold()
    {
        await using var broker = new FakeBroker();
        broker.On<MetadataRequest>(ApiKey.Metadata, (_, _) => null);
        await using BrokerConnection connection = await ConnectAsync(broker);
        Task<MetadataResponse>[] waiting =
            [.. Enumerable.Range(0, 3).Select(_ => connection.SendAsync<MetadataResponse>(new MetadataRequest(), default))];
        await TestKit.Eventually.TrueAsync(() => broker.Count(ApiKey.Metadata) == 3, "the requests are there");
        broker.Disconnect();
        foreach (Task<MetadataResponse> one in waiting)
            Assert.Equal(ErrorCode.NetworkException, (await Assert.ThrowsAsync<ClientException>(() => one)).Code);
        Assert.True(connection.IsClosed);
        await Assert.ThrowsAsync<ClientException>(() => connection.SendAsync<MetadataResponse>(new MetadataRequest(), default));
    }

    [Fact]
    public async Task Send_NoAnswerInTime_TimesOutAndCloses()
    {
        await using var broker = new FakeBroker();
        broker.On<MetadataRequest>(ApiKey.Metadata, (_, _) => null);
        var time = new TestKit.ManualTimeProvider();
        await using BrokerConnection connection = await BrokerConnection.ConnectAsync(
            broker.Endpoint, TestClient.Options with { Time = time, RequestTimeout = TimeSpan.FromSeconds(7) }, default);
        Task<MetadataResponse> waiting = connection.SendAsync<MetadataResponse>(new MetadataRequest(), default);
        await TestKit.Eventually.TrueAsync(() => broker.Count(ApiKey.Metadata) == 1, "the request is there");
        await TestKit.Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return waiting.IsCompleted;
            },
            "the time is up");
        var e = await Assert.ThrowsAsync<ClientException>(() => waiting);
        Assert.Equal(ErrorCode.RequestTimedOut, e.Code);
        Assert.Contains("7 s", e.Message, StringComparison.Ordinal);
        Assert.True(connection.IsClosed);
    }

    [Fact]
    public async Task Send_CallerGivesUp_ConnectionGoesOn()
    {
        await using var broker = new FakeBroker();
        using var held = new ManualResetEventSlim();
        broker.On<MetadataRequest>(ApiKey.Metadata, (_, _) =>
        {
            held.Wait();
            return new MetadataResponse { ControllerId = 9 };
        });
        await using BrokerConnection connection = await ConnectAsync(broker);
        using var giveUp = new CancellationTokenSource();
        Task<MetadataResponse> first = connection.SendAsync<MetadataResponse>(new MetadataRequest(), giveUp.Token);
        await TestKit.Eventually.TrueAsync(() => broker.Count(ApiKey.Metadata) == 1, "the request is there");
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        held.Set();
        Assert.Equal(9, (await connection.SendAsync<MetadataResponse>(new MetadataRequest(), default)).ControllerId);
    }

    private static Task<BrokerConnection> ConnectAsync(FakeBroker broker) =>
        BrokerConnection.ConnectAsync(broker.Endpoint, TestClient.Options, default);
}
