using KBroker.Protocol.Messages;

namespace KBroker.Cli.Commands;

/// <summary>Prints configurations as kafka-configs does.</summary>
public static class ConfigText
{
    /// <summary>One configuration with its value and what lies below it, in one line.</summary>
    public static string Line(DescribeConfigsResponse.DescribeConfigsResourceResult config)
    {
        ArgumentNullException.ThrowIfNull(config);
        string synonyms = string.Join(", ", config.Synonyms.Select(item => $"{SourceName(item.Source)}:{item.Name}={item.Value ?? "null"}"));
        string sensitive = config.IsSensitive ? "true" : "false";
        return $"  {config.Name}={config.Value ?? "null"} sensitive={sensitive} synonyms={{{synonyms}}}";
    }

    private static string SourceName(sbyte source) => (ConfigSourceCode)source switch
    {
        ConfigSourceCode.DynamicTopic => "DYNAMIC_TOPIC_CONFIG",
        ConfigSourceCode.DynamicBroker => "DYNAMIC_BROKER_CONFIG",
        ConfigSourceCode.DynamicDefaultBroker => "DYNAMIC_DEFAULT_BROKER_CONFIG",
        ConfigSourceCode.StaticBroker => "STATIC_BROKER_CONFIG",
        ConfigSourceCode.Default => "DEFAULT_CONFIG",
        ConfigSourceCode.DynamicBrokerLogger => "DYNAMIC_BROKER_LOGGER_CONFIG",
        ConfigSourceCode.ClientMetrics => "DYNAMIC_CLIENT_METRICS_CONFIG",
        ConfigSourceCode.Group => "DYNAMIC_GROUP_CONFIG",
        _ => "UNKNOWN",
    };
}
