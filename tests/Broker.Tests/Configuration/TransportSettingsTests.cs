using KBroker.Broker.Configuration;
using KBroker.Broker.Connections;

namespace KBroker.Broker.Tests.Configuration;

public sealed class TransportSettingsTests
{
    [Fact]
    public void Connections_Settings_ReachTheTransport()
    {
        BrokerConfig config = BrokerConfig.FromSettings(
            ("socket.request.max.bytes", "1000"),
            ("max.connections", "2"),
            ("max.connections.per.ip", "3"),
            ("connections.max.idle.ms", "4"),
            ("kbroker.request.read.timeout.ms", "5"),
            ("kbroker.response.write.timeout.ms", "6"));
        ConnectionOptions options = TransportSettings.Connections(config.Sockets);
        Assert.Equal((1000, 2, 3), (options.MaxRequestBytes, options.MaxConnections, options.MaxConnectionsPerIp));
        Assert.Equal([4.0, 5, 6], [options.IdleTimeout.TotalMilliseconds, options.ReadTimeout.TotalMilliseconds, options.WriteTimeout.TotalMilliseconds]);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("0")]
    public void Connections_NoIdleLimit_NeverCloses(string milliseconds) =>
        Assert.Equal(TimeSpan.MaxValue, TransportSettings.Connections(BrokerConfig.FromSettings(("connections.max.idle.ms", milliseconds)).Sockets).IdleTimeout);

    [Fact]
    public void Listeners_Settings_ReachTheTransport()
    {
        BrokerConfig config = BrokerConfig.FromSettings(("listeners", "PLAINTEXT://[::1]:0"), ("socket.listen.backlog.size", "7"));
        Assert.Equal([new ListenerOptions("PLAINTEXT", "::1", 0) { Backlog = 7 }], TransportSettings.Listeners(config.Listeners, config.Sockets));
    }
}
