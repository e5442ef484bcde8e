using KBroker.Broker.Configuration;
using KBroker.Broker.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Hostile;

/// <summary>Data directories that are not this broker's to use: it does not start, says why, and changes nothing.</summary>
public sealed class HostileStartTests : IDisposable
{
    private readonly string _logs = Directory.CreateTempSubdirectory("kbroker-start-").FullName;

    public void Dispose() => Directory.Delete(_logs, recursive: true);

    [Fact]
    public async Task Start_TwiceInOneDirectory_TheSecondIsRefused()
    {
        await using BrokerHost first = await StartAsync();
        BrokerStartException refused = await Assert.ThrowsAsync<BrokerStartException>(() => StartAsync());
        Assert.Contains(_logs, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithAnotherBrokersDirectory_IsRefused()
    {
        await using (BrokerHost first = await StartAsync()) await first.StopAsync();
        BrokerStartException refused = await Assert.ThrowsAsync<BrokerStartException>(() => StartAsync("7"));
        Assert.Contains("meta.properties", refused.Message, StringComparison.Ordinal);
        await using BrokerHost again = await StartAsync();
    }

    [Fact]
    public async Task Start_WithAnotherClustersDirectory_IsRefused()
    {
        string cluster;
        await using (BrokerHost first = await StartAsync())
        {
            cluster = first.ClusterId;
            await first.StopAsync();
        }

        string file = Path.Combine(_logs, "meta.properties");
        string meta = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, meta.Replace(cluster, "AAAAAAAAAAAAAAAAAAAAAA", StringComparison.Ordinal));
        BrokerStartException refused = await Assert.ThrowsAsync<BrokerStartException>(() => StartAsync());
        Assert.Contains("AAAAAAAAAAAAAAAAAAAAAA", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\0\0\0\0")]
    [InlineData("version=9\n")]
    [InlineData("broker.id=abc\nversion=0\n")]
    [InlineData("")]
    public async Task Start_WithADamagedMetaFile_IsRefusedAndNamesIt(string content)
    {
        await using (BrokerHost first = await StartAsync()) await first.StopAsync();
        string file = Path.Combine(_logs, "meta.properties");
        await File.WriteAllTextAsync(file, content);
        BrokerStartException refused = await Assert.ThrowsAsync<BrokerStartException>(() => StartAsync());
        Assert.Contains("meta.properties", refused.Message, StringComparison.Ordinal);
        Assert.Equal(content, await File.ReadAllTextAsync(file));
    }

    private Task<BrokerHost> StartAsync(string nodeId = "0") => BrokerHost.StartAsync(
        BrokerConfig.FromSettings(("node.id", nodeId), ("listeners", "PLAINTEXT://127.0.0.1:0"), ("log.dirs", _logs)),
        new BrokerPlatform { Loggers = NullLoggerFactory.Instance });
}
