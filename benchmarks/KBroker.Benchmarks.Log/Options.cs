using System.Globalization;

namespace KBroker.Benchmarks.Log;

/// <summary>What to measure and where.</summary>
/// <param name="Quick">Fewer turns and less data: figures good to 10 %.</param>
/// <param name="Work">A directory for logs; what is written there is deleted again.</param>
/// <param name="Only">Names of the scenarios to run; empty for all.</param>
internal sealed record Options(bool Quick, string Work, IReadOnlyList<string> Only)
{
    public static Options Parse(string[] args)
    {
        var options = new Options(false, "", []);
        for (int i = 0; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--quick" => options with { Quick = true },
                "--work" => options with { Work = args[++i] },
                _ when !args[i].StartsWith('-') => options with { Only = [.. options.Only, args[i]] },
                _ => throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"unknown option {args[i]}")),
            };
        }

        return options;
    }

    public bool Wants(string scenario) => Only.Count == 0 || Only.Contains(scenario);
}
