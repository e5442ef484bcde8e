using KBroker.Broker.Configuration;

namespace KBroker.Broker.Tests.Configuration;

public sealed class ListenerTests
{
    [Fact]
    public void Listeners_SeveralWithMap_ParseAsInKafka()
    {
        ListenerConfig listeners = Load(
            "listeners=internal://:9092, EXTERNAL://0.0.0.0:9094,V6://[::1]:0",
            "listener.security.protocol.map=INTERNAL:PLAINTEXT,external:plaintext,V6:PLAINTEXT",
            "inter.broker.listener.name=INTERNAL",
            "advertised.listeners=INTERNAL://a:9092,EXTERNAL://b.example.org:30000").Config!.Listeners;
        Assert.Equal(["INTERNAL://:9092", "EXTERNAL://0.0.0.0:9094", "V6://[::1]:0"], listeners.Bound.Select(endpoint => endpoint.ToString()));
        Assert.Equal(["INTERNAL://a:9092", "EXTERNAL://b.example.org:30000"], listeners.Advertised.Select(endpoint => endpoint.ToString()));
        Assert.Equal("INTERNAL", listeners.InterBrokerName);
    }

    [Theory]
    [InlineData("listeners=PLAINTEXT://:9092,PLAINTEXT://:9093", "different name, but PLAINTEXT")]
    [InlineData("listeners=PLAINTEXT://a:9092,SSL://b:9092", "different port")]
    [InlineData("listeners=PLAINTEXT//a:9092", "is not of the form NAME://host:port")]
    [InlineData("listeners=PLAINTEXT://a", "is not of the form NAME://host:port")]
    [InlineData("listeners=PLAINTEXT://a:x", "'x' in 'PLAINTEXT://a:x' is not a port")]
    [InlineData("listeners=PLAINTEXT://a:65536", "is not a port; allowed are 0 to 65535")]
    [InlineData("listeners=PLAINTEXT://a:-1", "is not a port")]
    [InlineData("listeners=PLAINTEXT://a b:1", "'a b' in 'PLAINTEXT://a b:1' is not a host name")]
    [InlineData("listeners=", "at least one listener")]
    [InlineData("listeners=FOO://:9092", "no security protocol is defined for the listener FOO")]
    [InlineData("listeners=SSL://:9092", "does not offer; allowed is PLAINTEXT")]
    [InlineData("listeners=PLAINTEXT://0.0.0.0:9092", "nonroutable meta-address 0.0.0.0")]
    [InlineData("advertised.listeners=PLAINTEXT://0.0.0.0:9092", "nonroutable meta-address 0.0.0.0")]
    [InlineData("advertised.listeners=PLAINTEXT://:9092", "of an empty host")]
    [InlineData("advertised.listeners=SSL://a:9092", "which is not in listeners (PLAINTEXT)")]
    [InlineData("advertised.listeners=PLAINTEXT://a:0", "port 0")]
    [InlineData("inter.broker.listener.name=SSL", "must be a listener name defined in advertised.listeners")]
    [InlineData("listener.security.protocol.map=PLAINTEXT:FOO", "is not a security protocol")]
    [InlineData("listener.security.protocol.map=A:SSL,a:SSL", "appears twice")]
    public void Listeners_Wrong_SayWhy(string setting, string message) =>
        Assert.Contains(Load(setting).Errors, error => error.ToString().Contains(message, StringComparison.Ordinal));

    [Fact]
    public void Listeners_OnePortForBothAddressFamilies_IsAllowed() =>
        Assert.Empty(Load(
            "listeners=PLAINTEXT://127.0.0.1:9092,SIX://[::1]:9092",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SIX:PLAINTEXT").Errors);

    [Fact]
    public void Listeners_KafkasCombinedModeSettings_OpenOnlyTheClientListeners()
    {
        BrokerConfigResult result = Load(
            "process.roles=broker,controller",
            "listeners=PLAINTEXT://:19092,CONTROLLER://:9093,PLAINTEXT_HOST://:9092",
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PLAINTEXT_HOST:PLAINTEXT",
            "controller.listener.names=CONTROLLER",
            "advertised.listeners=PLAINTEXT://kafka-1:19092,PLAINTEXT_HOST://localhost:29092");
        Assert.Empty(result.Errors);
        Assert.Equal(["PLAINTEXT", "PLAINTEXT_HOST"], result.Config!.Listeners.Bound.Select(endpoint => endpoint.Name));
        Assert.Contains(result.Warnings, warning => warning.Message.Contains("CONTROLLER://:9093", StringComparison.Ordinal));
    }

    [Fact]
    public void Listeners_PortZero_IsAdvertisedAsZero() =>
        Assert.Equal(0, Assert.Single(Load("listeners=PLAINTEXT://127.0.0.1:0").Config!.Listeners.Advertised).Port);

    private static BrokerConfigResult Load(params string[] settings) => BrokerConfigLoader.Load(new() { Overrides = settings });
}
