using System.Diagnostics.CodeAnalysis;

namespace KBroker.Broker.Configuration;

/// <summary>The settings of one kind of resource, in the order they are documented in. Immutable.</summary>
public sealed class ConfigTable
{
    private readonly Dictionary<string, ConfigDefinition> _byName;

    /// <summary>Builds a table.</summary>
    /// <param name="definitions">The settings; names are unique.</param>
    public ConfigTable(params IEnumerable<ConfigDefinition>[] definitions)
    {
        Definitions = [.. definitions.SelectMany(group => group)];
        _byName = Definitions.ToDictionary(definition => definition.Name, StringComparer.Ordinal);
    }

    /// <summary>The settings.</summary>
    public IReadOnlyList<ConfigDefinition> Definitions { get; }

    /// <summary>A setting that is known to exist.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Its definition.</returns>
    public ConfigDefinition this[string name] => _byName[name];

    /// <summary>Looks a setting up.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="definition">Its definition.</param>
    /// <returns>Whether there is such a setting.</returns>
    public bool TryGet(string name, [NotNullWhen(true)] out ConfigDefinition? definition) =>
        _byName.TryGetValue(name, out definition);
}
