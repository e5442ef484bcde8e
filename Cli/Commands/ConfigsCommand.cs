using System.CommandLine;
using System.Globalization;
using KBroker.Broker.Configuration;
using KBroker.Cli.Client;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Commands;

/// <summary><c>kbroker configs</c>: what kafka-configs does for topics, brokers and groups, with its flags and its output.</summary>
public sealed class ConfigsCommand : ClientCommand
{
    private const string Notes =
        """
        Examples:
          kbroker configs --describe --entity-type topics --entity-name orders
          kbroker configs --describe --all --entity-type brokers --entity-name 0
          kbroker configs --alter --entity-type topics --entity-name orders --add-config retention.ms=3600000,cleanup.policy=[compact,delete]
          kbroker configs --alter --entity-type topics --entity-name orders --delete-config retention.ms
          kbroker configs --alter --entity-type groups --entity-name billing --add-config consumer.session.timeout.ms=50000
        """;

    private readonly ConnectionOptions _connection = new();
    private readonly Option<bool> _describe = new("--describe") { Description = "Show the configuration" };
    private readonly Option<bool> _alter = new("--alter") { Description = "Change the configuration" };
    private readonly Option<bool> _all = new("--all") { Description = "With --describe: defaults and settings of server.properties too" };
    private readonly Option<bool> _entityDefault = new("--entity-default") { Description = "What all brokers share" };

    private readonly Option<string?> _entityType = new("--entity-type") { Description = "topics, brokers or groups", HelpName = "type" };
    private readonly Option<string?> _entityName = new("--entity-name") { Description = "The topic, the broker's id, or the group", HelpName = "name" };
    private readonly Option<string?> _topic = new("--topic") { Description = "Short for --entity-type topics --entity-name", HelpName = "name" };
    private readonly Option<string?> _broker = new("--broker") { Description = "Short for --entity-type brokers --entity-name", HelpName = "id" };

    private readonly Option<string?> _group = new("--group") { Description = "Short for --entity-type groups --entity-name", HelpName = "name" };

    private readonly Option<string?> _addConfig = new("--add-config")
    {
        Description = "With --alter: what to set; brackets hold a value with commas",
        HelpName = "k1=v1,k2=[v2,v3]",
    };

    private readonly Option<string?> _addConfigFile = new("--add-config-file")
    {
        Description = "With --alter: a properties file with what to set",
        HelpName = "file",
    };

    private readonly Option<string?> _deleteConfig = new("--delete-config")
    {
        Description = "With --alter: what to set back to its default",
        HelpName = "k1,k2",
    };

    /// <inheritdoc/>
    public override Command Build(CliContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var command = new DocumentedCommand("configs", "Show and change the configuration of topics, brokers and groups while they run", Notes);
        foreach (Option option in (Option[])[_describe, _alter, _entityType, _entityName, _entityDefault, _topic, _broker, _group, _all,
            _addConfig, _addConfigFile, _deleteConfig])
            command.Add(option);
        _connection.AddTo(command);
        RequireOne(command, _describe, _alter);
        command.Validators.Add(Check);
        SetAction(command, context, async (parsed, cancellation) =>
        {
            (sbyte type, string? name) = Entity(parsed);
            var changes = parsed.GetValue(_alter) ? Changes(parsed) : [];
            await using ClusterClient cluster = _connection.Connect(parsed, context, _connection.Properties(parsed), "kbroker-configs");
            var admin = new AdminClient(cluster);
            if (parsed.GetValue(_alter)) await AlterAsync(context, admin, type, name!, changes, cancellation);
            else await DescribeAsync(context, admin, type, name, parsed.GetValue(_all), cancellation);
            return ExitCodes.Success;
        });
        return command;
    }

    private void Check(System.CommandLine.Parsing.CommandResult result)
    {
        bool alters = result.GetValue(_alter);
        int shorts = ((Option<string?>[])[_topic, _broker, _group]).Count(option => result.GetValue(option) is not null);
        bool isShort = shorts > 0;
        string? type = result.GetValue(_entityType);
        string? name = result.GetValue(_entityName);
        if (isShort && (type is not null || name is not null || shorts > 1))
            result.AddError("Name one entity: with --topic, with --broker, with --group, or with --entity-type and --entity-name");
        else if (!isShort && type is null)
            result.AddError("--entity-type is required: topics, brokers or groups");
        else if (!isShort && type is not ("topics" or "brokers" or "groups"))
            result.AddError($"--entity-type '{type}': topics, brokers and groups have configurations here");
        else if (alters && !isShort && name is null && !result.GetValue(_entityDefault))
            result.AddError("--entity-name or --entity-default is required with --alter");
        else if (result.GetValue(_entityDefault) && (isShort || name is not null || type != "brokers"))
            result.AddError("--entity-default goes with --entity-type brokers and without a name");
        string? brokerId = result.GetValue(_broker) ?? (type == "brokers" ? name : null);
        if (brokerId is not null && !int.TryParse(brokerId, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            result.AddError($"'{brokerId}' is not a broker id");

        bool hasChange = result.GetValue(_addConfig) is not null || result.GetValue(_addConfigFile) is not null
            || result.GetValue(_deleteConfig) is not null;
        if (alters && !hasChange) result.AddError("--alter needs --add-config, --add-config-file or --delete-config");
        if (!alters && hasChange) result.AddError("--add-config, --add-config-file and --delete-config go only with --alter");
        if (result.GetValue(_addConfig) is not null && result.GetValue(_addConfigFile) is not null)
            result.AddError("--add-config and --add-config-file exclude each other");
        if (result.GetValue(_addConfig) is { } added && ConfigList.Parse(added, out string problem) is null)
            result.AddError($"--add-config: {problem}");
    }

    private (sbyte Type, string? Name) Entity(ParseResult parsed)
    {
        if (parsed.GetValue(_topic) is { } topic) return (AdminClient.TopicResource, topic);
        if (parsed.GetValue(_broker) is { } broker) return (AdminClient.BrokerResource, broker);
        if (parsed.GetValue(_group) is { } group) return (AdminClient.GroupResource, group);
        sbyte type = parsed.GetValue(_entityType) switch
        {
            "topics" => AdminClient.TopicResource,
            "groups" => AdminClient.GroupResource,
            _ => AdminClient.BrokerResource,
        };
        return (type, parsed.GetValue(_entityDefault) ? "" : parsed.GetValue(_entityName));
    }

    private List<IncrementalAlterConfigsRequest.AlterableConfig> Changes(ParseResult parsed)
    {
        const sbyte Set = 0;
        const sbyte Delete = 1;
        IEnumerable<(string Name, string Value)> added = [];
        if (parsed.GetValue(_addConfig) is { } list)
        {
            added = ConfigList.Parse(list, out _)!;
        }
        else if (parsed.GetValue(_addConfigFile) is { } file)
        {
            PropertiesContent content = PropertiesFile.Read(file);
            if (content.Errors.Count > 0) throw new CliException(content.Errors[0].ToString());
            added = content.Entries.Select(entry => (entry.Key, entry.Value));
        }

        IEnumerable<string> deleted = (parsed.GetValue(_deleteConfig) ?? "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return [
            .. added.Select(pair => new IncrementalAlterConfigsRequest.AlterableConfig { Name = pair.Name, ConfigOperation = Set, Value = pair.Value }),
            .. deleted.Select(name => new IncrementalAlterConfigsRequest.AlterableConfig { Name = name, ConfigOperation = Delete, Value = "" }),
        ];
    }

    private static async Task AlterAsync(
        CliContext context,
        AdminClient admin,
        sbyte type,
        string name,
        List<IncrementalAlterConfigsRequest.AlterableConfig> changes,
        CancellationToken cancellation)
    {
        await admin.AlterConfigsAsync(type, name, changes, cancellation);
        context.Out.WriteLine(name.Length == 0
            ? "Completed updating default config for brokers in the cluster."
            : $"Completed updating config for {Singular(type)} {name}.");
    }

    private static async Task DescribeAsync(
        CliContext context, AdminClient admin, sbyte type, string? name, bool all, CancellationToken cancellation)
    {
        MetadataResponse metadata = await admin.MetadataAsync(cancellation);
        IEnumerable<string> names = name is not null ? [name]
            : type == AdminClient.GroupResource ? await admin.ListConfiguredGroupsAsync(cancellation)
            : type == AdminClient.TopicResource ? metadata.Topics.Select(topic => topic.Name ?? "").Order(StringComparer.Ordinal)
            : metadata.Brokers.Select(broker => broker.NodeId).Order().Select(id => id.ToString(CultureInfo.InvariantCulture)).Append("");
        foreach (string one in names)
        {
            DescribeConfigsResponse.DescribeConfigsResult result =
                (await admin.DescribeConfigsAsync(type, [one], withSynonyms: true, cancellation))[0];
            if (result.ErrorCode != ErrorCode.None)
                throw ClientException.Of(result.ErrorCode, result.ErrorMessage, $"Cannot describe {Singular(type)} '{one}'");
            context.Out.WriteLine(one.Length == 0
                ? "Default configs for brokers in the cluster are:"
                : $"{(all ? "All" : "Dynamic")} configs for {Singular(type)} {one} are:");
            foreach (var config in result.Configs.OrderBy(config => config.Name, StringComparer.Ordinal))
                if (all || IsDynamic(type, one, config)) context.Out.WriteLine(ConfigText.Line(config));
        }
    }

    private static bool IsDynamic(sbyte type, string name, DescribeConfigsResponse.DescribeConfigsResourceResult config) =>
        (ConfigSourceCode)config.ConfigSource == (type == AdminClient.TopicResource ? ConfigSourceCode.DynamicTopic
            : type == AdminClient.GroupResource ? ConfigSourceCode.Group
            : name.Length == 0 ? ConfigSourceCode.DynamicDefaultBroker
            : ConfigSourceCode.DynamicBroker);

    private static string Singular(sbyte type) => type switch
    {
        AdminClient.TopicResource => "topic",
        AdminClient.GroupResource => "group",
        _ => "broker",
    };
}
