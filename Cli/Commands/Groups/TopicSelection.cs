using System.Globalization;

namespace KBroker.Cli.Commands.Groups;

/// <summary>A topic with some of its partitions, or all: <c>orders</c>, <c>orders:0,3</c>.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partitions">The partitions; null for all.</param>
public sealed record TopicSelection(string Topic, IReadOnlyList<int>? Partitions)
{
    /// <summary>Reads a selection; null, and what is wrong, if the text is none.</summary>
    public static TopicSelection? Parse(string text, out string problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        problem = "";
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string topic = colon < 0 ? text : text[..colon];
        if (topic.Length == 0)
        {
            problem = "expected a topic, or TOPIC:PARTITION,...";
            return null;
        }

        if (colon < 0) return new TopicSelection(topic, null);
        var partitions = new List<int>();
        foreach (string number in text[(colon + 1)..].Split(','))
        {
            if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int partition))
            {
                problem = $"'{number}' is not a partition";
                return null;
            }

            partitions.Add(partition);
        }

        return new TopicSelection(topic, [.. partitions.Distinct().Order()]);
    }
}
