using System.Net;
using KBroker.Broker.Configuration;
using KBroker.Broker.Connections;

namespace KBroker.Broker.Tests.Connections;

public sealed class ConnectionQuotaTests
{
    [Fact]
    public void TryOpen_AddressWithItsOwnLimit_FollowsIt()
    {
        ConnectionQuota quota = TransportSettings.Quota(BrokerConfig.FromSettings(
            ("max.connections.per.ip", "1"), ("max.connections.per.ip.overrides", "127.0.0.9:2")).Sockets);

        Assert.Equal<IEnumerable<string?>>([null, null, "max.connections.per.ip"], Open(quota, "127.0.0.9", 3));
        Assert.Equal<IEnumerable<string?>>([null, "max.connections.per.ip"], Open(quota, "127.0.0.8", 2));
    }

    [Fact]
    public void TryOpen_MappedIPv4Address_CountsAsTheSameClient()
    {
        var quota = new ConnectionQuota(10, 1);

        Assert.Null(Open(quota, "127.0.0.1", 1)[0]);
        Assert.Equal("max.connections.per.ip", Open(quota, "::ffff:127.0.0.1", 1)[0]);
    }

    [Fact]
    public void Close_CountedConnection_MakesRoom()
    {
        var quota = new ConnectionQuota(1, 1);
        Open(quota, "127.0.0.1", 1);
        Assert.Equal("max.connections", Open(quota, "127.0.0.2", 1)[0]);

        quota.Close(new IPEndPoint(IPAddress.Loopback, 1));

        Assert.Null(Open(quota, "127.0.0.2", 1)[0]);
        Assert.Equal(1, quota.Total);
    }

    private static string?[] Open(ConnectionQuota quota, string address, int times) =>
        [.. Enumerable.Range(1, times).Select(port => quota.TryOpen(new IPEndPoint(IPAddress.Parse(address), port)))];
}
