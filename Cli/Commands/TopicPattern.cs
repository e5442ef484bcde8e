using System.Text.RegularExpressions;

namespace KBroker.Cli.Commands;

/// <summary>The regular expression in <c>--topic</c>: it matches whole names, and a comma separates alternatives, as in Kafka's tools.</summary>
public static class TopicPattern
{
    /// <summary>The pattern; null for no text.</summary>
    /// <exception cref="CliException">The text is not a regular expression.</exception>
    public static Regex? Parse(string? text)
    {
        if (text is null) return null;
        string alternatives = text.Trim().Trim('"', '\'').Replace(',', '|').Replace(" ", "", StringComparison.Ordinal);
        try
        {
            return new Regex($@"\A(?:{alternatives})\z", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
        }
        catch (ArgumentException e)
        {
            throw new CliException($"--topic '{text}' is not a regular expression: {e.Message}");
        }
    }
}
