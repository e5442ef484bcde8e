using System.CommandLine;
using System.Globalization;
using KBroker.Cli.Client;

namespace KBroker.Cli.Commands;

/// <summary><c>kbroker consume</c>: a topic to standard output; what kafka-console-consumer does.</summary>
public sealed class ConsumeCommand : ClientCommand
{
    private const string Notes =
        """
        By default only records that come from now on are written, until the command is interrupted.

        Properties, with their defaults:
          print.timestamp=false  print.partition=false  print.offset=false  print.epoch=false
          print.headers=false    print.key=false        print.value=true
          key.separator=TAB      between what is printed of a record
          line.separator=LF      after each record
          headers.separator=,    between headers
          null.literal=null      in place of a key, value or header value that is null

        Examples:
          kbroker consume --topic orders --from-beginning
          kbroker consume --topic orders --partition 0 --offset 42 --max-messages 1
          kbroker consume --topic orders --from-beginning --timeout-ms 1000 --property print.key=true --property key.separator=:
        """;

    private readonly ConsumeOptions _options = new();

    /// <inheritdoc/>
    public override Command Build(CliContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var command = new DocumentedCommand("consume", "Write the records of a topic to standard output", Notes);
        _options.AddTo(command);
        SetAction(command, context, async (parsed, cancellation) =>
        {
            ClientProperties format = _options.Formatter.Read(parsed);
            var writer = new RecordFormat(format);
            foreach (string name in format.Unread) context.Error.WriteLine($"kbroker: warning: property {name} has no effect here");
            ClientProperties properties = _options.Connection.Properties(parsed);
            ConsumerOptions options = _options.Consumer(parsed, properties);
            await using ClusterClient cluster = _options.Connection.Connect(parsed, context, properties, "console-consumer");
            await using Stream output = context.OpenOutput();
            var run = new ConsumeRun(context.Time, writer, new ByteSink(output))
            {
                MaxMessages = parsed.GetValue(_options.MaxMessages) ?? long.MaxValue,
                Timeout = parsed.GetValue(_options.TimeoutMs) is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null,
            };
            try
            {
                await using RecordConsumer consumer = await RecordConsumer.StartAsync(
                    cluster, parsed.GetValue(_options.Topic)!, options, cancellation);
                await run.RunAsync(consumer, options.CheckCrcs, cancellation);
            }
            catch (IOException) when (run.IsOutputClosed)
            {
                // The reader of the pipe has what it wanted.
                return ExitCodes.Failure;
            }
            finally
            {
                if (!run.IsOutputClosed)
                    context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Processed a total of {run.Count} messages"));
            }

            return ExitCodes.Success;
        });
        return command;
    }
}
