using System.Globalization;

namespace KBroker.Benchmarks.Load;

/// <summary>What to measure and with what.</summary>
/// <param name="Quick">Fewer turns and less data: about a minute, figures good to 10 %.</param>
/// <param name="Broker">The published <c>kbroker</c> program.</param>
/// <param name="Bare">The program of the bare servers.</param>
/// <param name="Work">A directory for data and logs; what is written there is deleted again.</param>
/// <param name="Only">Names of the scenarios to run; empty for all.</param>
internal sealed record Options(bool Quick, string Broker, string Bare, string Work, IReadOnlyList<string> Only)
{
    public static Options Parse(string[] args)
    {
        var options = new Options(false, "", "", "", []);
        for (int i = 0; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--quick" => options with { Quick = true },
                "--broker" => options with { Broker = args[++i] },
                "--bare" => options with { Bare = args[++i] },
                "--work" => options with { Work = args[++i] },
                _ when !args[i].StartsWith('-') => options with { Only = [.. options.Only, args[i]] },
                _ => throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"unknown option {args[i]}")),
            };
        }

        return options;
    }

    /// <summary>Whether a scenario is to run; "noise" says nothing about the broker and runs only when asked for.</summary>
    public bool Wants(string scenario) => Only.Count == 0 ? scenario != "noise" : Only.Contains(scenario);

    /// <summary>A file of this run.</summary>
    public string At(string name) => Path.Combine(Work, name);
}
