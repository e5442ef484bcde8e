namespace KBroker.Broker.Configuration;

/// <summary>
/// Settings from environment variables, named as Kafka's container images name them: <c>KAFKA_LOG_DIRS</c> is <c>log.dirs</c>; one
/// underscore is a dot, two are an underscore, three a hyphen. The prefix <c>KBROKER_</c> follows the same rule and wins.
/// </summary>
public static class EnvironmentSettings
{
    private static readonly HashSet<string> NotSettings = new(StringComparer.Ordinal)
    {
        "KAFKA_VERSION", "KAFKA_HOME", "KAFKA_OPTS", "KAFKA_HEAP_OPTS", "KAFKA_JMX_OPTS", "KAFKA_JMX_PORT", "KAFKA_JMX_HOSTNAME",
        "KAFKA_JVM_PERFORMANCE_OPTS", "KAFKA_GC_LOG_OPTS", "KAFKA_DEBUG", "KAFKA_CLUSTER_ID", "KAFKA_MODE",
        "KBROKER_HOME", "KBROKER_VECTORS",
    };

    private static readonly string[] NotSettingPrefixes = ["KAFKA_LOG4J_", "KAFKA_TOOLS_LOG4J_", "KAFKA_DEBUG_"];

    /// <summary>Picks the settings out of an environment.</summary>
    /// <param name="environment">The environment variables.</param>
    /// <returns>The settings, those with the prefix <c>KBROKER_</c> last.</returns>
    public static IReadOnlyList<ConfigSetting> From(IReadOnlyDictionary<string, string> environment)
    {
        var settings = new List<ConfigSetting>();
        foreach (string prefix in (ReadOnlySpan<string>)["KAFKA_", "KBROKER_"])
        {
            foreach ((string variable, string text) in environment.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                if (!variable.StartsWith(prefix, StringComparison.Ordinal) || variable.Length == prefix.Length) continue;
                if (NotSettings.Contains(variable) || NotSettingPrefixes.Any(other => variable.StartsWith(other, StringComparison.Ordinal))) continue;
                if (IsServiceLink(variable)) continue;
                settings.Add(new(Known(SettingName(variable.AsSpan(prefix.Length))), text, $"environment variable {variable}"));
            }
        }
        return settings;
    }

    /// <summary>The setting that a variable names.</summary>
    /// <param name="variable">The variable without its prefix.</param>
    /// <returns>The setting's name.</returns>
    public static string SettingName(ReadOnlySpan<char> variable)
    {
        var name = new System.Text.StringBuilder(variable.Length);
        for (int i = 0; i < variable.Length; i++)
        {
            if (variable[i] != '_')
            {
                name.Append(char.ToLowerInvariant(variable[i]));
                continue;
            }
            int run = 1;
            while (run < 3 && i + run < variable.Length && variable[i + run] == '_') run++;
            name.Append(run switch { 1 => '.', 2 => '_', _ => '-' });
            i += run - 1;
        }
        return name.ToString();
    }

    // KBROKER_MAX_PARTITIONS reads better than KBROKER_KBROKER_MAX_PARTITIONS.
    private static string Known(string name) =>
        !BrokerConfigs.Table.TryGet(name, out _) && BrokerConfigs.Table.TryGet($"kbroker.{name}", out _) ? $"kbroker.{name}" : name;

    /// <summary>
    /// Kubernetes puts the address of every service into the environment of every container: a service called "kafka" gives
    /// KAFKA_PORT, KAFKA_SERVICE_HOST and KAFKA_PORT_9092_TCP_ADDR.
    /// </summary>
    private static bool IsServiceLink(string variable) =>
        variable.EndsWith("_SERVICE_HOST", StringComparison.Ordinal)
        || variable.EndsWith("_PORT", StringComparison.Ordinal)
        || variable.Contains("_SERVICE_PORT", StringComparison.Ordinal)
        || (variable.Contains("_PORT_", StringComparison.Ordinal)
            && (variable.Contains("_TCP", StringComparison.Ordinal) || variable.Contains("_UDP", StringComparison.Ordinal)));
}
