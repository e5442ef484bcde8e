namespace KBroker.Broker.Configuration;

/// <summary>An error or a warning about the configuration, and where it comes from.</summary>
/// <param name="Origin">File and line, environment variable or option; null for a built-in default.</param>
/// <param name="Message">What is wrong and what is allowed.</param>
public sealed record ConfigProblem(string? Origin, string Message)
{
    /// <inheritdoc />
    public override string ToString() => Origin is null ? Message : $"{Origin}: {Message}";
}
