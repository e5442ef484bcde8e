using System.CommandLine;
using KBroker.Broker.Configuration;
using KBroker.Cli.Client;

namespace KBroker.Cli.Commands;

/// <summary>The options of all commands that talk to a broker: where it is, and a file with client settings.</summary>
public sealed class ConnectionOptions
{
    private readonly Option<string> _bootstrap = new("--bootstrap-server")
    {
        Description = "The brokers to connect to first",
        HelpName = "HOST:PORT[,HOST:PORT...]",
        DefaultValueFactory = _ => "localhost:9092",
    };

    private readonly Option<string?> _configFile;
    private readonly Option<string[]> _properties;
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Say on standard error what is retried and why", Hidden = true };

    /// <summary>
    /// Makes the options; <paramref name="role"/> is <c>producer</c> or <c>consumer</c> where Kafka's tools have older names for
    /// them, else empty.
    /// </summary>
    public ConnectionOptions(string role = "")
    {
        bool hasRole = role.Length > 0;
        _configFile = new("--command-config", hasRole ? [$"--{role}.config"] : [])
        {
            Description = "A properties file with client settings, such as client.id",
            HelpName = "file",
        };
        _properties = new("--command-property", hasRole ? [$"--{role}-property"] : [])
        {
            Description = "A client setting; wins over the file; can be given several times",
            HelpName = "name=value",
            AllowMultipleArgumentsPerToken = false,
        };
        if (role == "producer") _bootstrap.Aliases.Add("--broker-list");
    }

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        command.Add(_bootstrap);
        command.Add(_configFile);
        command.Add(_properties);
        command.Add(_verbose);
        _bootstrap.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && BrokerEndpoint.ParseList(result.Tokens[0].Value, out string problem) is null)
                result.AddError($"--bootstrap-server: {problem}");
        });
        KeyValueOption.Validate(_properties);
    }

    /// <summary>Whether more is to be said than usual.</summary>
    public bool IsVerbose(ParseResult parsed)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        return parsed.GetValue(_verbose);
    }

    /// <summary>The settings of file and command line.</summary>
    /// <exception cref="CliException">The file cannot be read.</exception>
    public ClientProperties Properties(ParseResult parsed)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        var properties = new ClientProperties();
        if (parsed.GetValue(_configFile) is { } file)
        {
            PropertiesContent content = PropertiesFile.Read(file);
            if (content.Errors.Count > 0) throw new CliException(content.Errors[0].ToString());
            foreach (PropertiesEntry entry in content.Entries) properties.Set(entry.Key, entry.Value);
        }

        foreach ((string name, string value) in KeyValueOption.Pairs(parsed.GetValue(_properties))) properties.Set(name, value);
        return properties;
    }

    /// <summary>A client of the cluster. Settings that nothing has read by now are warned of.</summary>
    /// <exception cref="ClientException">A setting is not valid.</exception>
    public ClusterClient Connect(ParseResult parsed, CliContext context, ClientProperties properties, string clientId)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(properties);
        bool verbose = parsed.GetValue(_verbose);
        ClientOptions options = properties.ToOptions(new ClientOptions
        {
            ClientId = clientId,
            SoftwareVersion = CommandLineApp.Version,
            Time = context.Time,
            Warn = message =>
            {
                if (verbose) context.Error.WriteLine($"kbroker: {message}");
            },
        });
        properties.Text("bootstrap.servers");
        foreach (string name in properties.Unread) context.Error.WriteLine($"kbroker: warning: setting {name} has no effect here");
        IReadOnlyList<BrokerEndpoint> endpoints = BrokerEndpoint.ParseList(parsed.GetValue(_bootstrap)!, out string problem)
            ?? throw new CliException(problem);
        return new ClusterClient(endpoints, options);
    }
}
