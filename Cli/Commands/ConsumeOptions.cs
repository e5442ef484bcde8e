using System.CommandLine;
using System.Globalization;
using KBroker.Cli.Client;

namespace KBroker.Cli.Commands;

/// <summary>The options of <c>kbroker consume</c>, named as in kafka-console-consumer.</summary>
public sealed class ConsumeOptions
{
    private readonly Option<bool> _fromBeginning = new("--from-beginning") { Description = "Begin with the first record instead of the next one" };

    private readonly Option<string?> _offset = new("--offset")
    {
        Description = "Where to begin in the --partition: an offset, earliest or latest",
        HelpName = "offset",
    };

    private readonly Option<long?> _fromTimestamp = NumberOption.Int64(
        "--from-timestamp", "Begin with the first record whose timestamp is not before this", "ms since 1970", lowest: 0);

    private readonly Option<int?> _partition = NumberOption.Int32("--partition", "Read this partition only", "number", lowest: 0);

    private readonly Option<string?> _isolation = new("--isolation-level")
    {
        Description = "read_uncommitted, or read_committed to leave out what transactions have not committed",
        HelpName = "level",
    };

    private readonly Option<string?> _group = new("--group") { Description = "Read as member of a consumer group", HelpName = "id", Hidden = true };

    /// <summary>The connection.</summary>
    public ConnectionOptions Connection { get; } = new("consumer");

    /// <summary>How records are shown.</summary>
    public PropertyOptions Formatter { get; } = new("formatter", "How a record is written; see below");

    /// <summary>The topic.</summary>
    public Option<string> Topic { get; } = new("--topic") { Description = "The topic to read", HelpName = "name", Required = true };

    /// <summary>How many records to read.</summary>
    public Option<long?> MaxMessages { get; } = NumberOption.Int64("--max-messages", "End after this many records", "number", lowest: 0);

    /// <summary>How long to wait for a record.</summary>
    public Option<int?> TimeoutMs { get; } = NumberOption.Int32("--timeout-ms", "End when no record came for this long", "ms", lowest: 0);

    /// <summary>Adds everything to the command, with the checks that concern several options.</summary>
    public void AddTo(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        foreach (Option option in (Option[])[Topic, _fromBeginning, _offset, _fromTimestamp, _partition, MaxMessages, TimeoutMs, _isolation, _group])
            command.Add(option);
        Connection.AddTo(command);
        Formatter.AddTo(command);
        command.Validators.Add(result =>
        {
            string? offset = result.GetValue(_offset);
            int starts = (result.GetValue(_fromBeginning) ? 1 : 0) + (offset is null ? 0 : 1) + (result.GetResult(_fromTimestamp) is null ? 0 : 1);
            if (starts > 1) result.AddError("--from-beginning, --offset and --from-timestamp exclude each other");
            if (offset is not null && result.GetResult(_partition) is null) result.AddError("--offset needs --partition");
            if (offset is not null && ParseOffset(offset) is null)
                result.AddError($"--offset '{offset}': expected earliest, latest or a number from 0");
            if (result.GetValue(_isolation) is { } level && level is not ("read_committed" or "read_uncommitted"))
                result.AddError($"--isolation-level '{level}': expected read_committed or read_uncommitted");
            if (result.GetValue(_group) is not null)
                result.AddError("--group: this consumer reads without a group; leave the option out");
        });
    }

    /// <summary>What the consumer goes by.</summary>
    /// <exception cref="ClientException">A property is not valid, or asks for a group.</exception>
    public ConsumerOptions Consumer(ParseResult parsed, ClientProperties properties)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        ArgumentNullException.ThrowIfNull(properties);
        if (properties.Text("group.id") is not null)
            throw new ClientException(Protocol.ErrorCode.InvalidConfig, "group.id: this consumer reads without a group; leave the setting out");
        var defaults = new ConsumerOptions();
        bool earliest = parsed.GetValue(_fromBeginning)
            | properties.Choice("auto.offset.reset", "latest", "earliest", "latest") == "earliest";
        string isolation = parsed.GetValue(_isolation)
            ?? properties.Choice("isolation.level", "read_uncommitted", "read_committed", "read_uncommitted");
        StartPosition reset = earliest ? StartPosition.Earliest : StartPosition.Latest;
        return defaults with
        {
            Start = parsed.GetValue(_offset) is { } offset ? ParseOffset(offset)!.Value
                : parsed.GetValue(_fromTimestamp) is { } time ? StartPosition.AtTime(time)
                : reset,
            Reset = reset,
            Partitions = parsed.GetValue(_partition) is { } partition ? [partition] : null,
            ReadCommitted = isolation == "read_committed",
            MaxWait = properties.Milliseconds("fetch.max.wait.ms", defaults.MaxWait),
            MinBytes = properties.Integer("fetch.min.bytes", defaults.MinBytes),
            MaxBytes = properties.Integer("fetch.max.bytes", defaults.MaxBytes),
            PartitionMaxBytes = properties.Integer("max.partition.fetch.bytes", defaults.PartitionMaxBytes),
            CheckCrcs = properties.Choice("check.crcs", "true", "true", "false") == "true",
        };
    }

    private static StartPosition? ParseOffset(string text) => text switch
    {
        _ when text.Equals("earliest", StringComparison.OrdinalIgnoreCase) => StartPosition.Earliest,
        _ when text.Equals("latest", StringComparison.OrdinalIgnoreCase) => StartPosition.Latest,
        _ => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long offset) ? StartPosition.At(offset) : null,
    };
}
