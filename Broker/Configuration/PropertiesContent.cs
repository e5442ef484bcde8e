namespace KBroker.Broker.Configuration;

/// <summary>What a properties file says.</summary>
/// <param name="Entries">The entries in file order; of a key given twice only the last is here.</param>
/// <param name="Errors">Why the file cannot be used; the entries are then incomplete.</param>
/// <param name="Warnings">What looks like a mistake.</param>
public sealed record PropertiesContent(
    IReadOnlyList<PropertiesEntry> Entries,
    IReadOnlyList<ConfigProblem> Errors,
    IReadOnlyList<ConfigProblem> Warnings);
