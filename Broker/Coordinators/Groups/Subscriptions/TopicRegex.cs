using System.Diagnostics.CodeAnalysis;

namespace KBroker.Broker.Coordinators.Groups.Subscriptions;

/// <summary>
/// An expression by which members subscribe to topics (KIP-848), in the syntax of RE2 as Kafka's RE2/J reads it, matched with the whole
/// name of a topic. A match takes time in proportion to the length of the name, at most <see cref="MaxSteps"/> times it, whatever the
/// expression; memory is bounded likewise. Immutable.
/// </summary>
/// <remarks>
/// Names of topics are ASCII, so that classes of Unicode are read but come down to their ASCII part. <c>\d</c>, <c>\s</c>, <c>\w</c> and
/// <c>\b</c> are ASCII in RE2 anyway. Groups, named or not, and greediness are read and make no difference to whether a name matches.
/// Refused, because RE2 refuses it: lookaround, backreferences, possessive repetition, atomic groups, comments, <c>\Z</c>, counts over
/// 1000, names of groups that occur twice. Refused beyond that: more than <see cref="MaxLength"/> characters, and more than
/// <see cref="MaxSteps"/> steps when all counted repetitions are written out.
/// </remarks>
public sealed class TopicRegex
{
    /// <summary>The length that an expression may have, in characters.</summary>
    public const int MaxLength = 4_000;

    /// <summary>The size that an expression may have, in steps: about a character or class each, repetitions written out.</summary>
    public const int MaxSteps = RegexProgram.MaxSteps;

    private readonly RegexProgram _program;

    private TopicRegex(string pattern, RegexProgram program)
    {
        Pattern = pattern;
        _program = program;
    }

    /// <summary>The expression as the client wrote it.</summary>
    public string Pattern { get; }

    /// <summary>Reads an expression.</summary>
    /// <param name="pattern">The expression.</param>
    /// <param name="regex">The expression, if it is one.</param>
    /// <param name="error">What is wrong with it, for the answer to the client; without a full stop at its end.</param>
    public static bool TryParse(string pattern, [NotNullWhen(true)] out TopicRegex? regex, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        regex = null;
        error = null;
        if (pattern.Length > MaxLength)
        {
            error = $"it is {pattern.Length} characters long, and {MaxLength} are allowed";
            return false;
        }

        try
        {
            regex = new TopicRegex(pattern, new RegexProgram(new RegexParser(pattern).Parse()));
            return true;
        }
        catch (RegexSyntaxException e)
        {
            error = e.Message;
            return false;
        }
    }

    /// <summary>Whether the whole name of a topic matches.</summary>
    public bool IsMatch(string topic)
    {
        long unbounded = long.MaxValue;
        return TryMatch(topic, ref unbounded, out bool matches) && matches;
    }

    /// <summary>Finds whether the whole name of a topic matches, if that takes no more work than there is left.</summary>
    /// <param name="topic">The name.</param>
    /// <param name="left">The work that may be done, in steps looked at: some nanoseconds each. What this takes is taken off; less than 0 is left if it was too little.</param>
    /// <param name="matches">Whether the name matches; false if the work did not suffice.</param>
    /// <returns>Whether the work sufficed.</returns>
    public bool TryMatch(string topic, ref long left, out bool matches) => _program.TryMatch(topic, ref left, out matches);

    /// <inheritdoc/>
    public override string ToString() => Pattern;
}
