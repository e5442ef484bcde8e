using System.CommandLine;

namespace KBroker.Cli.Commands;

/// <summary>Options that hold <c>name=value</c> and may be given several times.</summary>
public static class KeyValueOption
{
    /// <summary>Makes the command line refuse a value that has no name or no equals sign.</summary>
    public static void Validate(Option<string[]> option)
    {
        ArgumentNullException.ThrowIfNull(option);
        option.Validators.Add(result =>
        {
            foreach (string value in result.Tokens.Select(token => token.Value))
                if (value.IndexOf('=', StringComparison.Ordinal) <= 0) result.AddError($"{option.Name} '{value}': expected name=value");
        });
    }

    /// <summary>Names and values in the order given; the value is all that follows the first equals sign.</summary>
    public static IEnumerable<(string Name, string Value)> Pairs(string[]? values)
    {
        foreach (string value in values ?? [])
        {
            int equals = value.IndexOf('=', StringComparison.Ordinal);
            yield return (value[..equals].Trim(), value[(equals + 1)..]);
        }
    }
}
