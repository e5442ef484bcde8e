using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Connections;

public sealed class ApiVersionsHandlerTests
{
    [Fact]
    public async Task Request_EachVersion_NamesWhatIsServed()
    {
        await using ServerFixture server = ServerFixture.Start();
        await using RawClient client = await server.ConnectAsync();
        for (short version = 0; version <= 5; version++)
        {
            ApiVersionsResponse response = await client.CallAsync<ApiVersionsResponse>(Request(version), version);
            Assert.Equal(ErrorCode.None, response.ErrorCode);
            ApiVersionsResponse.ApiVersion row = Assert.Single(response.ApiKeys);
            Assert.Equal(((short)ApiKey.ApiVersions, (short)0, (short)5), (row.ApiKey, row.MinVersion, row.MaxVersion));
            // A feature whose levels begin at 0 is more than clients of version 3 understand; what is in force they are told.
            Assert.Equal(
                version >= 4 ? ["group.version 0-1", "transaction.version 0-2"] : Array.Empty<string>(),
                response.SupportedFeatures.Select(feature => $"{feature.Name} {feature.MinVersion}-{feature.MaxVersion}"));
            Assert.Equal(
                version >= 3 ? ["group.version 1-1", "transaction.version 2-2"] : Array.Empty<string>(),
                response.FinalizedFeatures.Select(feature => $"{feature.Name} {feature.MinVersionLevel}-{feature.MaxVersionLevel}"));
            Assert.Equal(version >= 3 ? 1 : -1, response.FinalizedFeaturesEpoch);
        }
    }

    [Theory]
    [InlineData(6)]
    [InlineData(99)]
    [InlineData(short.MaxValue)]
    [InlineData(-1)]
    public async Task Request_UnsupportedVersion_AnsweredInVersion0WithTheRange(short version)
    {
        await using ServerFixture server = ServerFixture.Start();
        await using RawClient client = await server.ConnectAsync();
        byte[] body = [0, 18, (byte)(version >> 8), (byte)version, 0, 0, 0, 77, 0xFF, 0xFF, 1, 2, 3];
        await client.SendFrameAsync(body);
        (int correlationId, ApiVersionsResponse response) = await client.ReceiveAsync<ApiVersionsResponse>(ApiKey.ApiVersions, 0);
        Assert.Equal(77, correlationId);
        Assert.Equal(ErrorCode.UnsupportedVersion, response.ErrorCode);
        ApiVersionsResponse.ApiVersion row = Assert.Single(response.ApiKeys);
        Assert.Equal(((short)18, (short)0, (short)5), (row.ApiKey, row.MinVersion, row.MaxVersion));

        // The client goes on with a version it now knows.
        Assert.Equal(ErrorCode.None, (await client.CallAsync<ApiVersionsResponse>(Request(3), 3)).ErrorCode);
    }

    [Theory]
    [InlineData("", "1.0")]
    [InlineData("librdkafka", "")]
    [InlineData("a b", "1.0")]
    [InlineData("-a", "1.0")]
    [InlineData("a.", "1.0")]
    [InlineData("a", "1.0\n")]
    [InlineData("ä", "1")]
    public async Task Request_BadSoftwareName_InvalidRequest(string name, string version)
    {
        await using ServerFixture server = ServerFixture.Start();
        await using RawClient client = await server.ConnectAsync();
        var request = new ApiVersionsRequest { ClientSoftwareName = name, ClientSoftwareVersion = version };
        ApiVersionsResponse response = await client.CallAsync<ApiVersionsResponse>(request, 3);
        Assert.Equal(ErrorCode.InvalidRequest, response.ErrorCode);
        Assert.Empty(response.ApiKeys);
    }

    [Theory]
    [InlineData(null, -1, ErrorCode.None)]
    [InlineData("cluster-1", 1, ErrorCode.None)]
    [InlineData("cluster-2", 1, ErrorCode.RebootstrapRequired)]
    [InlineData("cluster-1", 2, ErrorCode.RebootstrapRequired)]
    public async Task Request_V5_ChecksWhomTheClientMeans(string? clusterId, int nodeId, ErrorCode expected)
    {
        await using ServerFixture server = ServerFixture.Start();
        await using RawClient client = await server.ConnectAsync();
        ApiVersionsRequest request = Request(5);
        request.ClusterId = clusterId;
        request.NodeId = nodeId;
        Assert.Equal(expected, (await client.CallAsync<ApiVersionsResponse>(request, 5)).ErrorCode);
    }

    private static ApiVersionsRequest Request(short version) =>
        version < 3 ? new() : new() { ClientSoftwareName = "raw-client", ClientSoftwareVersion = "1.0.0-rc1" };
}
