using System.Globalization;

namespace KBroker.Broker.Configuration;

/// <summary>The text forms of setting values: what Kafka accepts, and what DescribeConfigs returns.</summary>
public static class ConfigText
{
    /// <summary>Parses text as Kafka does: surrounding white space is dropped, numbers must fit their type.</summary>
    /// <param name="type">The setting's type.</param>
    /// <param name="text">The text.</param>
    /// <param name="value">
    /// The value: bool, string, int, short, long, double, or <see cref="IReadOnlyList{T}"/> of string.
    /// </param>
    /// <returns>Why the text is refused, or null.</returns>
    public static string? TryParse(ConfigType type, string text, out object? value)
    {
        string trimmed = Trim(text);
        value = type switch
        {
            ConfigType.Boolean => ParseBoolean(trimmed),
            ConfigType.Int => int.TryParse(trimmed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int i) ? i : null,
            ConfigType.Short => short.TryParse(trimmed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out short s) ? s : null,
            ConfigType.Long => long.TryParse(trimmed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long l) ? l : null,
            ConfigType.Double => ParseDouble(trimmed),
            ConfigType.List => SplitList(trimmed),
            _ => trimmed,
        };
        if (value is not null) return null;
        return type == ConfigType.Boolean
            ? "Expected value to be either true or false"
            : $"Not a number of type {KafkaName(type)}";
    }

    /// <summary>The text Kafka's tools show for a value.</summary>
    /// <param name="value">A parsed value.</param>
    /// <returns>The text; null for null.</returns>
    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(value))]
    public static string? Format(object? value) => value switch
    {
        null => null,
        bool b => b ? "true" : "false",
        double d => FormatDouble(d),
        IReadOnlyList<string> list => string.Join(",", list),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>Splits comma-separated text; white space around the commas is dropped, empty entries are kept.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The entries; none for empty text.</returns>
    public static IReadOnlyList<string> SplitList(string text)
    {
        string trimmed = Trim(text);
        return trimmed.Length == 0 ? [] : trimmed.Split(',', StringSplitOptions.TrimEntries);
    }

    /// <summary>The name of a type in Kafka's messages.</summary>
    /// <param name="type">The type.</param>
    /// <returns>Upper-case name.</returns>
    public static string KafkaName(ConfigType type) => type.ToString().ToUpperInvariant();

    /// <summary>What a type allows, as a phrase for an error message.</summary>
    /// <param name="type">The type.</param>
    /// <returns>The phrase.</returns>
    public static string AllowedBy(ConfigType type) => type switch
    {
        ConfigType.Boolean => "true or false",
        ConfigType.Int => $"a whole number from {int.MinValue} to {int.MaxValue}",
        ConfigType.Short => $"a whole number from {short.MinValue} to {short.MaxValue}",
        ConfigType.Long => $"a whole number from {long.MinValue} to {long.MaxValue}",
        ConfigType.Double => "a number such as 0.5",
        ConfigType.List => "entries separated by commas",
        _ => "text",
    };

    private static bool? ParseBoolean(string text)
    {
        if (text.Equals("true", StringComparison.OrdinalIgnoreCase)) return true;
        if (text.Equals("false", StringComparison.OrdinalIgnoreCase)) return false;
        return null;
    }

    // Kafka lets NaN through every range check; here only finite numbers are numbers.
    private static double? ParseDouble(string text) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? number
            : null;

    // Java always shows a fraction: 1.0, not 1.
    private static string FormatDouble(double number)
    {
        string text = number.ToString("R", CultureInfo.InvariantCulture).Replace("E+", "E", StringComparison.Ordinal);
        return text.AsSpan().IndexOfAny('.', 'E') >= 0 ? text : text + ".0";
    }

    // Java's trim: everything up to and including the space character.
    private static string Trim(string text)
    {
        int start = 0;
        int end = text.Length;
        while (start < end && text[start] <= ' ') start++;
        while (end > start && text[end - 1] <= ' ') end--;
        return text[start..end];
    }
}
