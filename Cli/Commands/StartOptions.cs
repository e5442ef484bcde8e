using System.CommandLine;

namespace KBroker.Cli.Commands;

/// <summary>The options of <c>kbroker start</c>.</summary>
public sealed class StartOptions
{
    private readonly Argument<string?> _file = new("server.properties")
    {
        Description = "The configuration file",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _config = new("--config")
    {
        Description = "The configuration file, as an option",
        HelpName = "file",
    };

    private readonly Option<string[]> _overrides = new("--override")
    {
        Description = "A setting that wins over file and environment; can be given several times",
        HelpName = "key=value",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    /// <summary>Adds the options to a command, with the checks that concern several of them.</summary>
    /// <param name="command">The command.</param>
    public void AddTo(Command command)
    {
        command.Add(_file);
        command.Add(_config);
        command.Add(_overrides);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_config) is not null && result.GetResult(_file) is not null)
                result.AddError("Give the configuration file once: as an argument or with --config");
        });
    }

    /// <summary>The configuration file; null when none is given.</summary>
    /// <param name="parsed">The parsed command line.</param>
    /// <returns>The path.</returns>
    public string? File(ParseResult parsed) => parsed.GetValue(_config) ?? parsed.GetValue(_file);

    /// <summary>The overrides, each <c>key=value</c>.</summary>
    /// <param name="parsed">The parsed command line.</param>
    /// <returns>The overrides in order.</returns>
    public IReadOnlyList<string> Overrides(ParseResult parsed) => parsed.GetValue(_overrides) ?? [];
}
