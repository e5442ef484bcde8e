using System.CommandLine;
using KBroker.Broker.Configuration;
using KBroker.Cli.Client;

namespace KBroker.Cli.Commands;

/// <summary><c>--property</c> and the file that goes with it, under both the older and the newer names of Kafka's console tools.</summary>
public sealed class PropertyOptions
{
    private readonly Option<string[]> _properties;
    private readonly Option<string?> _file;

    /// <summary>Makes the options; <paramref name="role"/> is <c>reader</c> or <c>formatter</c>.</summary>
    public PropertyOptions(string role, string description)
    {
        _properties = new("--property", $"--{role}-property")
        {
            Description = description + "; can be given several times",
            HelpName = "name=value",
            AllowMultipleArgumentsPerToken = false,
        };
        _file = new($"--{role}-config") { Description = "A file with such properties", HelpName = "file" };
    }

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        command.Add(_properties);
        command.Add(_file);
        KeyValueOption.Validate(_properties);
    }

    /// <summary>The properties of file and command line.</summary>
    /// <exception cref="CliException">The file cannot be read.</exception>
    public ClientProperties Read(ParseResult parsed)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        var properties = new ClientProperties();
        if (parsed.GetValue(_file) is { } file)
        {
            PropertiesContent content = PropertiesFile.Read(file);
            if (content.Errors.Count > 0) throw new CliException(content.Errors[0].ToString());
            foreach (PropertiesEntry entry in content.Entries) properties.Set(entry.Key, entry.Value);
        }

        foreach ((string name, string value) in KeyValueOption.Pairs(parsed.GetValue(_properties))) properties.Set(name, value);
        return properties;
    }
}
