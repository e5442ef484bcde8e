using System.CommandLine;
using KBroker.Cli.Client;
using KBroker.Protocol.Compression;

namespace KBroker.Cli.Commands;

/// <summary>The options of <c>kbroker produce</c>, named as in kafka-console-producer.</summary>
public sealed class ProduceOptions
{
    private readonly Option<string?> _compression = new("--compression-codec", "--compression-type")
    {
        Description = "none, gzip, snappy, lz4 or zstd; gzip when no name follows",
        HelpName = "name",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _acks = Setting("--acks", "-1, 0 or 1: who must have a record before it counts as written (default: all, -1)", "acks", "--request-required-acks");
    private readonly Option<string?> _batchSize = Setting("--batch-size", "Bytes of a full batch (default: 16384)", "bytes", "--max-partition-memory-bytes");
    private readonly Option<string?> _linger = Setting("--timeout", "How long a batch that is not full waits for more (default: 1000)", "ms", "--linger");
    private readonly Option<string?> _maxBlock = Setting("--max-block-ms", "How long to wait for metadata or for room in the buffer (default: 60000)", "ms");
    private readonly Option<string?> _requestTimeout = Setting("--request-timeout-ms", "How long to wait for a response (default: 30000)", "ms");
    private readonly Option<string?> _retries = Setting("--message-send-max-retries", "How often to try a batch again (default: until delivery.timeout.ms)", "number");
    private readonly Option<string?> _retryBackoff = Setting("--retry-backoff-ms", "How long to wait before that (default: 100)", "ms");
    private readonly Option<string?> _memory = Setting("--max-memory-bytes", "Bytes that may wait to be sent (default: 33554432)", "bytes");

    /// <summary>The connection.</summary>
    public ConnectionOptions Connection { get; } = new("producer");

    /// <summary>How lines become records.</summary>
    public PropertyOptions Reader { get; } = new("reader", "How a line becomes a record; see below");

    /// <summary>The topic.</summary>
    public Option<string> Topic { get; } = new("--topic") { Description = "The topic to write to", HelpName = "name", Required = true };

    /// <summary>One record at a time.</summary>
    public Option<bool> Sync { get; } = new("--sync") { Description = "Wait for each record to be written before reading the next" };

    /// <summary>Adds everything to the command.</summary>
    public void AddTo(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        command.Add(Topic);
        Connection.AddTo(command);
        Reader.AddTo(command);
        foreach (Option option in (Option[])[_compression, _acks, Sync, _batchSize, _linger, _maxBlock, _requestTimeout, _retries, _retryBackoff, _memory])
            command.Add(option);
        // A bad value is a matter of the command line, and is said before anything is done.
        command.Validators.Add(result =>
        {
            try
            {
                var properties = new ClientProperties();
                Set(properties, result.GetResult, option => result.GetValue(option));
                Read(properties);
                properties.ToOptions(new ClientOptions());
            }
            catch (ClientException e)
            {
                result.AddError(e.Message);
            }
        });
    }

    /// <summary>What the producer goes by: the options, then properties and file, then the defaults.</summary>
    /// <exception cref="ClientException">A value is not valid.</exception>
    public ProducerOptions Producer(ParseResult parsed, ClientProperties properties)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        Set(properties, parsed.GetResult, option => parsed.GetValue(option));
        return Read(properties);
    }

    private static Option<string?> Setting(string name, string description, string helpName, params string[] aliases) =>
        new(name, aliases) { Description = description, HelpName = helpName };

    private void Set(
        ClientProperties properties, Func<Option, System.CommandLine.Parsing.OptionResult?> find, Func<Option<string?>, string?> value)
    {
        ArgumentNullException.ThrowIfNull(properties);
        if (find(_compression) is { Implicit: false }) properties.Set("compression.type", value(_compression) ?? "gzip");
        foreach ((Option<string?> option, string name) in (ReadOnlySpan<(Option<string?>, string)>)[(_acks, "acks"), (_batchSize, "batch.size"),
            (_linger, "linger.ms"), (_maxBlock, "max.block.ms"), (_requestTimeout, "request.timeout.ms"), (_retries, "retries"),
            (_retryBackoff, "retry.backoff.ms"), (_memory, "buffer.memory")])
            if (value(option) is { } text) properties.Set(name, text);
    }

    private static ProducerOptions Read(ClientProperties properties)
    {
        var defaults = new ProducerOptions();
        return defaults with
        {
            Acks = properties.Choice("acks", "-1", "all", "-1", "0", "1") switch { "0" => 0, "1" => 1, _ => -1 },
            BatchSize = properties.Integer("batch.size", defaults.BatchSize),
            Linger = properties.Milliseconds("linger.ms", TimeSpan.FromSeconds(1)),
            Compression = Enum.Parse<CompressionType>(properties.Choice("compression.type", "none", "none", "gzip", "snappy", "lz4", "zstd"), ignoreCase: true),
            MaxRequestSize = properties.Integer("max.request.size", defaults.MaxRequestSize, 1, 1 << 30),
            BufferMemory = properties.Integer("buffer.memory", (int)defaults.BufferMemory),
            MaxBlock = properties.Milliseconds("max.block.ms", defaults.MaxBlock),
            DeliveryTimeout = properties.Milliseconds("delivery.timeout.ms", defaults.DeliveryTimeout),
            Retries = properties.Integer("retries", defaults.Retries),
            MaxInFlight = properties.Integer("max.in.flight.requests.per.connection", defaults.MaxInFlight, 1),
        };
    }
}
