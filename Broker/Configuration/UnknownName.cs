namespace KBroker.Broker.Configuration;

/// <summary>Explains a name that is not in the table of broker settings.</summary>
internal static class UnknownName
{
    public static string Explain(string name)
    {
        if (KnownKafkaConfigs.Contains(name)) return $"{name} is known to Kafka but has no effect in this version";
        if (TopicConfigs.Table.TryGet(name, out ConfigDefinition? topic))
        {
            return topic.Synonyms.Count > 0
                ? $"{name} is a setting of topics and has no effect here; the broker's default for topics is {topic.Synonyms[0].Name}"
                : $"{name} is a setting of topics and has no effect here";
        }
        return Nearest(name) is { } nearest
            ? $"{name} is an unknown setting and has no effect; did you mean {nearest}?"
            : $"{name} is an unknown setting and has no effect";
    }

    private static string? Nearest(string name)
    {
        if (name.Length > 100) return null;
        string? nearest = null;
        int best = Math.Max(1, name.Length / 6) + 1;
        foreach (ConfigDefinition definition in BrokerConfigs.Table.Definitions)
        {
            int distance = Distance(name, definition.Name);
            if (distance >= best) continue;
            best = distance;
            nearest = definition.Name;
        }
        return nearest;
    }

    /// <summary>How many characters must be inserted, removed or replaced (Levenshtein).</summary>
    private static int Distance(string a, string b)
    {
        int[] row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++) row[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replace = diagonal + (char.ToLowerInvariant(a[i - 1]) == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replace, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}
