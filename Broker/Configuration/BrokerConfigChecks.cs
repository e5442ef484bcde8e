using System.Globalization;
using static KBroker.Broker.Configuration.BrokerConfigNames;

namespace KBroker.Broker.Configuration;

/// <summary>Checks what concerns several settings at once, and builds the configuration when all is well.</summary>
internal sealed class BrokerConfigChecks(ConfigLayers layers, BrokerConfigInput input, List<ConfigProblem> errors, List<ConfigProblem> warnings)
{
    private readonly ConfigReader _values = new(layers);

    public BrokerConfig? Build()
    {
        CheckIdentity();
        CheckSizes();
        CheckFreeSpace();
        CheckConsumerGroups();
        ListenerConfig? listeners = new ListenerChecks(layers, input, errors, warnings).Build();
        List<string> directories = Directories();
        CheckConnectionLimits(out Dictionary<string, int> overrides);
        if (errors.Count > 0 || listeners is null) return null;

        var config = new BrokerConfig(layers, listeners, overrides, directories);
        CheckTopicDefaults(config);
        return config;
    }

    /// <summary>Reads <c>max.connections.per.ip.overrides</c>.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? ParseConnectionOverrides(string text, out Dictionary<string, int> overrides)
    {
        overrides = new(StringComparer.OrdinalIgnoreCase);
        foreach (string entry in ConfigText.SplitList(text))
        {
            int colon = entry.LastIndexOf(':');
            if (colon <= 0 || !int.TryParse(entry.AsSpan(colon + 1).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int count))
                return $"'{entry}' is not a pair address:count";
            overrides[entry[..colon].Trim()] = count;
        }
        return null;
    }

    private void CheckIdentity()
    {
        if (layers.IsSet(NodeId) && layers.IsSet(BrokerId) && _values.Int(NodeId) != _values.Int(BrokerId))
            Fail(NodeId, $"node.id is {_values.Int(NodeId)} and broker.id is {_values.Int(BrokerId)}; where both are set they must be the same");
        if (!_values.List(ProcessRoles)!.Contains("broker") && _values.List(ProcessRoles)!.Count > 0)
            Fail(ProcessRoles, "a process that is only a controller is not possible in this version; 'broker' must be among the roles");
    }

    private void CheckSizes()
    {
        long queued = _values.Long(QueuedMaxRequestBytes);
        if (queued > 0 && queued < _values.Int(SocketRequestMaxBytes))
            Fail(QueuedMaxRequestBytes, $"queued.max.request.bytes is {queued} and must be at least socket.request.max.bytes, which is {_values.Int(SocketRequestMaxBytes)}");
    }

    private void CheckFreeSpace()
    {
        long low = _values.Long(KBrokerLogDirFreeLowBytes);
        long min = _values.Long(KBrokerLogDirFreeMinBytes);
        if (low > 0 && min > low)
            Fail(KBrokerLogDirFreeMinBytes, $"kbroker.log.dir.free.min.bytes is {min} and must not exceed kbroker.log.dir.free.low.bytes, which is {low}");
    }

    private void CheckConsumerGroups()
    {
        CheckOrder(GroupConsumerMinHeartbeatIntervalMs, GroupConsumerHeartbeatIntervalMs, GroupConsumerMaxHeartbeatIntervalMs);
        CheckOrder(GroupConsumerMinSessionTimeoutMs, GroupConsumerSessionTimeoutMs, GroupConsumerMaxSessionTimeoutMs);
        if (_values.Int(GroupConsumerHeartbeatIntervalMs) >= _values.Int(GroupConsumerSessionTimeoutMs))
            Fail(GroupConsumerHeartbeatIntervalMs, $"{GroupConsumerHeartbeatIntervalMs} must be less than {GroupConsumerSessionTimeoutMs}");
    }

    private void CheckOrder(string least, string name, string most)
    {
        if (_values.Int(least) > _values.Int(most)) Fail(most, $"{most} must be greater than or equal to {least}");
        else if (_values.Int(name) < _values.Int(least)) Fail(name, $"{name} must be greater than or equal to {least}");
        else if (_values.Int(name) > _values.Int(most)) Fail(name, $"{name} must be less than or equal to {most}");
    }

    private void CheckConnectionLimits(out Dictionary<string, int> overrides)
    {
        if (ParseConnectionOverrides(_values.Text(MaxConnectionsPerIpOverrides)!, out overrides) is { } problem)
            Fail(MaxConnectionsPerIpOverrides, $"max.connections.per.ip.overrides: {problem}");
        if (_values.Int(MaxConnectionsPerIp) == 0 && overrides.Count == 0)
            Fail(MaxConnectionsPerIp, "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides is set");
    }

    private List<string> Directories()
    {
        string name = layers.IsSet(LogDirs) ? LogDirs : LogDir;
        var directories = new List<string>();
        foreach (string entry in ConfigText.SplitList(_values.Text(name)!))
        {
            if (entry.Length == 0 || entry.Contains('\0', StringComparison.Ordinal))
            {
                Fail(name, $"{name} names an empty directory");
                continue;
            }
            string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(entry));
            if (directories.Contains(path)) Fail(name, $"{name} names the directory {path} twice");
            else directories.Add(path);
        }
        if (directories.Count == 0 && errors.Count == 0) Fail(name, "at least one directory must be named by log.dirs or log.dir");
        return directories;
    }

    private void CheckTopicDefaults(BrokerConfig config)
    {
        TopicConfig defaults = config.TopicDefaults.Resolve(new Dictionary<string, string>());
        if (defaults.RetentionMs == 0)
            Fail(FirstSet("log.retention.ms", "log.retention.minutes", "log.retention.hours"), "log.retention.ms must be unlimited (-1) or at least 1");
        if (defaults.MinCompactionLagMs > defaults.MaxCompactionLagMs)
            Fail("log.cleaner.min.compaction.lag.ms", "log.cleaner.min.compaction.lag.ms must not exceed log.cleaner.max.compaction.lag.ms");
    }

    private string FirstSet(params string[] names) => Array.Find(names, layers.IsSet) ?? names[0];

    private void Fail(string name, string message) => errors.Add(new(layers.OriginOf(name), message));
}
