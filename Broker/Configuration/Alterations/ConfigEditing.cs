using System.Collections.Immutable;
using System.Text;
using KBroker.Controller;
using KBroker.Protocol;

namespace KBroker.Broker.Configuration.Alterations;

/// <summary>Applies changes to what is set. Whether the outcome is allowed is for the resource's own rules to say.</summary>
internal static class ConfigEditing
{
    /// <summary>The longest value in bytes of UTF-8: what DescribeConfigs can tell.</summary>
    public const int MaxValueBytes = short.MaxValue;

    /// <summary>Applies changes one after the other.</summary>
    /// <param name="current">What is set now.</param>
    /// <param name="changes">The changes; values are there where they are needed.</param>
    /// <param name="table">The settings of this kind of resource.</param>
    public static ConfigEdit Apply(ImmutableDictionary<string, string> current, IReadOnlyList<ConfigChange> changes, ConfigTable table)
    {
        ImmutableDictionary<string, string>.Builder config = current.ToBuilder();
        foreach (ConfigChange change in changes)
        {
            if (change.Operation == ConfigOperation.Set)
            {
                config[change.Name] = change.Value!;
                continue;
            }

            if (change.Operation == ConfigOperation.Delete)
            {
                config.Remove(change.Name);
                continue;
            }

            if (!table.TryGet(change.Name, out ConfigDefinition? definition))
                return ConfigEdit.Refused(ErrorCode.InvalidConfig, $"There is no setting {change.Name}.");
            if (definition.Type != ConfigType.List)
                return ConfigEdit.Refused(ErrorCode.InvalidConfig, $"{change.Name} is not a list: entries can neither be added nor taken out.");
            // As in Kafka, a list that is not set starts from the built-in default, not from what the broker sets for it.
            IReadOnlyList<string> before = ConfigText.SplitList(config.GetValueOrDefault(change.Name) ?? definition.DefaultText ?? "");
            config[change.Name] = string.Join(',', Combine(before, change));
        }

        foreach ((string name, string value) in config)
        {
            if (Encoding.UTF8.GetByteCount(value) > MaxValueBytes)
                return ConfigEdit.Refused(ErrorCode.InvalidConfig, $"The value of {name} would be longer than {MaxValueBytes} bytes.");
        }

        return ConfigEdit.To(config.ToImmutable());
    }

    private static IEnumerable<string> Combine(IReadOnlyList<string> before, ConfigChange change)
    {
        IReadOnlyList<string> entries = ConfigText.SplitList(change.Value!);
        if (change.Operation == ConfigOperation.Append)
        {
            var present = before.ToHashSet(StringComparer.Ordinal);
            return before.Concat(entries.Where(present.Add));
        }

        var removed = entries.ToHashSet(StringComparer.Ordinal);
        return before.Where(entry => !removed.Contains(entry));
    }
}
