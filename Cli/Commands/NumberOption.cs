using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace KBroker.Cli.Commands;

/// <summary>Options that hold a whole number within bounds.</summary>
public static class NumberOption
{
    /// <summary>A number of 32 bits, null when the option is not given.</summary>
    public static Option<int?> Int32(string name, string description, string helpName, int lowest, int highest = int.MaxValue) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result => (int?)Parse(result, name, lowest, highest),
    };

    /// <summary>A number of 64 bits, null when the option is not given.</summary>
    public static Option<long?> Int64(string name, string description, string helpName, long lowest) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result => Parse(result, name, lowest, long.MaxValue),
    };

    private static long? Parse(ArgumentResult result, string name, long lowest, long highest)
    {
        string text = result.Tokens[0].Value;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) && value >= lowest && value <= highest)
            return value;
        string bounds = highest is int.MaxValue or long.MaxValue ? $"{lowest} or more" : $"from {lowest} to {highest}";
        result.AddError($"{name} '{text}': expected a whole number, {bounds}");
        return null;
    }
}
