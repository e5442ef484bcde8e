using KBroker.Broker.Configuration;
using KBroker.Broker.Hosting;

namespace KBroker.Broker.Tests.Hosting;

public class ProcessLimitsTests
{
    [Theory]
    [InlineData(1_048_576, 4096, 16_384)]
    [InlineData(20_000, 4096, 15_776)]
    [InlineData(1024, 448, 448)]
    [InlineData(256, 64, 64)]
    [InlineData(20, 16, 16)]
    public void Share_Descriptors_LeavesRoomForBoth(int descriptors, int files, int connections)
    {
        ProcessLimits limits = ProcessLimits.Share(BrokerConfig.FromSettings(), descriptors, 1L << 34);
        Assert.Equal(new ProcessLimits(descriptors, files, connections, 1L << 29), limits);
    }

    [Fact]
    public void Share_Settings_AreKeptWhereConnectionsAreLeft()
    {
        BrokerConfig config = BrokerConfig.FromSettings(
            ("kbroker.log.open.files.max", "900"), ("kbroker.log.index.cache.bytes", "1000"), ("max.connections", "10"));
        Assert.Equal(new ProcessLimits(20_000, 900, 10, 1000), ProcessLimits.Share(config, 20_000, 1 << 30));
        Assert.Equal(new ProcessLimits(528, 384, 10, 1000), ProcessLimits.Share(config, 528, 1 << 30));
    }
}
