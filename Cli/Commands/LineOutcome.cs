namespace KBroker.Cli.Commands;

/// <summary>What a <see cref="LineReader"/> found.</summary>
public enum LineOutcome
{
    /// <summary>A line.</summary>
    Line,

    /// <summary>A line that was longer than allowed, and was skipped.</summary>
    TooLong,

    /// <summary>The end of the input.</summary>
    End,
}
