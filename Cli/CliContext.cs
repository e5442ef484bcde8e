using System.Collections;

namespace KBroker.Cli;

/// <summary>What a command sees of its process; tests give it other streams. Owned by whoever makes it.</summary>
public sealed record CliContext
{
    /// <summary>Standard output as text; flushed when the command ends.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Standard error as text.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Opens standard input as bytes.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Opens standard output as bytes, for records that are not text; not to be mixed with <see cref="Out"/>.</summary>
    public required Func<Stream> OpenOutput { get; init; }

    /// <summary>The environment variables.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Whether somebody types the input: then a prompt is shown.</summary>
    public bool IsInputTerminal { get; init; }

    /// <summary>Whether somebody watches standard error: then progress is shown.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The context of this process.</summary>
    /// <returns>The context.</returns>
    public static CliContext OfProcess()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
            environment[(string)variable.Key] = (string?)variable.Value ?? "";
        return new()
        {
            Out = Console.Out,
            Error = Console.Error,
            OpenInput = Console.OpenStandardInput,
            OpenOutput = static () => new StandardOutputStream(),
            IsInputTerminal = !Console.IsInputRedirected,
            IsErrorTerminal = !Console.IsErrorRedirected,
            Environment = environment,
        };
    }
}
