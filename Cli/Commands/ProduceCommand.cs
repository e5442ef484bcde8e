using System.CommandLine;
using KBroker.Cli.Client;

namespace KBroker.Cli.Commands;

/// <summary><c>kbroker produce</c>: standard input to a topic, one record a line; what kafka-console-producer does.</summary>
public sealed class ProduceCommand : ClientCommand
{
    private const string Notes =
        """
        Lines are bytes and end at a line feed. At the end of the input everything is sent; the exit code says whether all of it
        was written.

        Properties, with their defaults:
          parse.key=false          the line starts with the record's key...
          key.separator=TAB        ...which ends here
          parse.headers=false      the line starts with the record's headers, before the key...
          headers.delimiter=TAB    ...which end here...
          headers.separator=,      ...with this between two of them...
          headers.key.separator=:  ...and this between name and value
          null.marker=             a key, value or header value that is just this is null
          ignore.error=false       take a line without separator as a value instead of stopping

        Examples:
          kbroker produce --topic orders < orders.txt
          kbroker produce --topic orders --property parse.key=true --property key.separator=: --compression-type zstd
          seq 1000000 | kbroker produce --topic numbers --acks 1 --bootstrap-server broker1:9092
        """;

    private readonly ProduceOptions _options = new();

    /// <inheritdoc/>
    public override Command Build(CliContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var command = new DocumentedCommand("produce", "Write the lines of standard input to a topic, one record each", Notes);
        _options.AddTo(command);
        SetAction(command, context, async (parsed, cancellation) =>
        {
            ClientProperties lines = _options.Reader.Read(parsed);
            var parser = new RecordLineParser(lines);
            foreach (string name in lines.Unread) context.Error.WriteLine($"kbroker: warning: property {name} has no effect here");
            ClientProperties properties = _options.Connection.Properties(parsed);
            ProducerOptions options = _options.Producer(parsed, properties);
            await using ClusterClient cluster = _options.Connection.Connect(parsed, context, properties, "console-producer");
            var report = new DeliveryReport(context);
            await using RecordProducer producer = await RecordProducer.StartAsync(
                cluster, parsed.GetValue(_options.Topic)!, options, report.Add, cancellation);
            try
            {
                await PumpAsync(context, parser, producer, options.MaxRequestSize, report, parsed.GetValue(_options.Sync), cancellation);
            }
            finally
            {
                await FlushAsync(context, producer, cancellation);
            }

            return report.Finish(producer.Delivered);
        });
        return command;
    }

    private static async Task PumpAsync(
        CliContext context,
        RecordLineParser parser,
        RecordProducer producer,
        int maxLength,
        DeliveryReport report,
        bool sync,
        CancellationToken cancellation)
    {
        await using Stream input = context.OpenInput();
        var reader = new LineReader(input, maxLength);
        while (true)
        {
            if (context.IsInputTerminal) await context.Error.WriteAsync(">");
            switch (await reader.ReadAsync(cancellation))
            {
                case LineOutcome.End:
                    return;
                case LineOutcome.TooLong:
                    report.AddLine($"Line {reader.Number} is longer than max.request.size, {maxLength} bytes; it is not written");
                    continue;
                default:
                    await producer.SendAsync(parser.Parse(reader.Line, reader.Number), cancellation);
                    if (sync) await producer.FlushAsync(cancellation);
                    report.Progress(reader.Number);
                    continue;
            }
        }
    }

    /// <summary>Sends what was read; after an interrupt for a few seconds only.</summary>
    private static async Task FlushAsync(CliContext context, RecordProducer producer, CancellationToken cancellation)
    {
        if (!cancellation.IsCancellationRequested)
        {
            try
            {
                await producer.FlushAsync(cancellation);
                return;
            }
            catch (OperationCanceledException)
            {
                // The interrupt came now: a little time is left.
            }
        }

        using var grace = new CancellationTokenSource(TimeSpan.FromSeconds(5), context.Time);
        try
        {
            await producer.FlushAsync(grace.Token);
        }
        catch (OperationCanceledException)
        {
            context.Error.WriteLine("kbroker: interrupted before everything was written");
        }
    }
}
