namespace KBroker.Broker.Configuration;

/// <summary>A configuration that a program built in code is not valid; configurations of users are reported as problems instead.</summary>
/// <param name="errors">What is wrong.</param>
public sealed class ConfigException(IReadOnlyList<ConfigProblem> errors)
    : Exception(string.Join(Environment.NewLine, errors))
{
    /// <summary>What is wrong.</summary>
    public IReadOnlyList<ConfigProblem> Errors { get; } = errors;
}
