namespace KBroker.Broker.Configuration;

/// <summary>The outcome of reading a configuration.</summary>
/// <param name="Config">The configuration; null when there are errors.</param>
/// <param name="Errors">Everything that is wrong, not only the first.</param>
/// <param name="Warnings">What has no effect or looks like a mistake.</param>
public sealed record BrokerConfigResult(BrokerConfig? Config, IReadOnlyList<ConfigProblem> Errors, IReadOnlyList<ConfigProblem> Warnings);
