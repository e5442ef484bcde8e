using KBroker.Broker.Configuration;

namespace KBroker.Broker.Tests.Configuration;

public sealed class EnvironmentSettingsTests
{
    [Theory]
    [InlineData("LOG_DIRS", "log.dirs")]
    [InlineData("A__B", "a_b")]
    [InlineData("A___B", "a-b")]
    [InlineData("A____B", "a-.b")]
    [InlineData("LISTENER_NAME_MY__L_X", "listener.name.my_l.x")]
    public void SettingName_Underscores_MapAsInKafkasImages(string variable, string name) =>
        Assert.Equal(name, EnvironmentSettings.SettingName(variable));

    [Theory]
    [InlineData("KAFKA_HEAP_OPTS")]
    [InlineData("KAFKA_OPTS")]
    [InlineData("KAFKA_LOG4J_ROOT_LOGLEVEL")]
    [InlineData("KAFKA_JVM_PERFORMANCE_OPTS")]
    [InlineData("KBROKER_VECTORS")]
    [InlineData("KBROKER_HOME")]
    [InlineData("KAFKA_PORT")]
    [InlineData("KAFKA_PORT_9092_TCP_ADDR")]
    [InlineData("KBROKER_SERVICE_HOST")]
    [InlineData("KAFKA_SERVICE_PORT_CLIENTS")]
    [InlineData("KAFKA_")]
    [InlineData("PATH")]
    public void From_VariableOfSomethingElse_IsNoSetting(string variable) =>
        Assert.Empty(EnvironmentSettings.From(new Dictionary<string, string> { [variable] = "x" }));

    [Fact]
    public void From_OwnSettings_NeedThePrefixOnce()
    {
        var environment = new Dictionary<string, string> { ["KBROKER_MAX_PARTITIONS"] = "5", ["KAFKA_KBROKER_SHUTDOWN_DRAIN_MS"] = "6" };
        Assert.Equal(
            ["kbroker.shutdown.drain.ms", "kbroker.max.partitions"],
            EnvironmentSettings.From(environment).Select(setting => setting.Name));
    }
}
