using KBroker.Cli.Client;

namespace KBroker.Cli.Tests.Client;

public sealed class BrokerEndpointTests
{
    [Theory]
    [InlineData("localhost:9093", "localhost", 9093)]
    [InlineData("broker-1.example", "broker-1.example", 9092)]
    [InlineData("[::1]:9094", "::1", 9094)]
    [InlineData("[fe80::1]", "fe80::1", 9092)]
    [InlineData("10.0.0.1:1", "10.0.0.1", 1)]
    public void TryParse_Addresses_Reads(string text, string host, int port)
    {
        Assert.True(BrokerEndpoint.TryParse(text, out BrokerEndpoint endpoint, out _));
        Assert.Equal(new BrokerEndpoint(host, port), endpoint);
    }

    [Theory]
    [InlineData("localhost:")]
    [InlineData("localhost:abc")]
    [InlineData("localhost:0")]
    [InlineData("localhost:65536")]
    [InlineData("localhost:-1")]
    [InlineData(":9092")]
    [InlineData("::1:9092")]
    [InlineData("[::1]9092")]
    [InlineData("http://localhost:9092")]
    [InlineData("local host:9092")]
    public void TryParse_Nonsense_SaysWhatIsWrong(string text)
    {
        Assert.False(BrokerEndpoint.TryParse(text, out _, out string problem));
        Assert.Contains(text, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void ParseList_SeveralWithBlanks_KeepsOrder() =>
        Assert.Equal([new("a", 1), new("b", 9092)], BrokerEndpoint.ParseList("a:1, b,", out _)!);

    [Theory]
    [InlineData("")]
    [InlineData(",")]
    [InlineData("a:1,b:x")]
    public void ParseList_Nonsense_IsNull(string text) => Assert.Null(BrokerEndpoint.ParseList(text, out _));
}
