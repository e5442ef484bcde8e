namespace KBroker.Cli.Commands;

/// <summary>The list in <c>--add-config</c>: <c>k1=v1,k2=[v2,v3]</c>, where brackets keep the commas of a value together.</summary>
public static class ConfigList
{
    /// <summary>Names and values, or null and what is wrong.</summary>
    public static IReadOnlyList<(string Name, string Value)>? Parse(string text, out string problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        var pairs = new List<(string, string)>();
        problem = "";
        int start = 0;
        int depth = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] == '[') depth++;
            if (i < text.Length && text[i] == ']') depth--;
            if (i < text.Length && (text[i] != ',' || depth > 0)) continue;
            string item = text[start..i].Trim();
            start = i + 1;
            int equals = item.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || depth != 0)
            {
                problem = depth != 0 ? $"'{text}' has brackets that do not match" : $"'{item}': expected name=value";
                return null;
            }

            string value = item[(equals + 1)..].Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);
            pairs.Add((item[..equals].Trim(), value.Trim()));
        }

        return pairs;
    }
}
