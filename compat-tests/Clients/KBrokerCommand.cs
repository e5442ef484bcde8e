using System.Globalization;
using System.Text;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Clients;

/// <summary>Our own command line: kbroker consume and its fellows.</summary>
internal sealed class KBrokerCommand : IConsumerClient
{
    private const char FieldEnd = '\x01';
    private const char RecordEnd = '\x02';
    private const string Null = "\x03";

    public static Task<ClientResult> RunAsync(BrokerProcess broker, IEnumerable<string> arguments, ReadOnlyMemory<byte> input = default) =>
        ClientProcess.TryRunAsync(
            BuiltProgram.Dotnet, [BuiltProgram.Assembly, .. arguments, "--bootstrap-server", broker.Bootstrap], input);

    public async Task<List<ClientRecord>> ConsumeAsync(BrokerProcess broker, string topic, ReadFrom from = default, int? maxPartitionFetchBytes = null)
    {
        List<string> arguments =
        [
            "consume", "--topic", topic,
            "--property", "print.partition=true", "--property", "print.offset=true", "--property", "print.timestamp=true",
            "--property", "print.key=true", "--property", "print.headers=true", "--property", $"null.literal={Null}",
            "--property", $"key.separator={FieldEnd}", "--property", $"line.separator={RecordEnd}",
        ];
        if (from.Offset is { } offset) arguments.AddRange(["--partition", "0", "--offset", offset.ToString(CultureInfo.InvariantCulture)]);
        else if (from.Time is { } time) arguments.AddRange(["--from-timestamp", time.ToString(CultureInfo.InvariantCulture)]);
        else arguments.AddRange(["--from-beginning", "--max-messages", (await Dotnet.CountAsync(broker, topic)).ToString(CultureInfo.InvariantCulture)]);
        // From the beginning the number of records ends the command; otherwise only silence can.
        arguments.AddRange(["--timeout-ms", arguments.Contains("--max-messages") ? "20000" : "1000"]);
        if (maxPartitionFetchBytes is { } bytes) arguments.AddRange(["--consumer-property", $"max.partition.fetch.bytes={bytes}"]);
        ClientResult result = await RunAsync(broker, arguments);
        Assert.True(result.ExitCode == 0, $"{result.CommandLine} exited with {result.ExitCode}: {result.Error}\nThe broker said:\n{broker.Output}");
        return [.. Encoding.Latin1.GetString(result.Output).Split(RecordEnd, StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
    }

    private static ClientRecord Parse(string line)
    {
        string[] fields = line.Split(FieldEnd);
        Assert.Equal(6, fields.Length);
        return new((int)Number(fields[1]), Number(fields[2]), Number(fields[0]), Bytes(fields[4]), Bytes(fields[5]))
        {
            Headers = fields[3] == "NO_HEADERS" ? [] : [.. fields[3].Split(',').Select(ParseHeader)],
        };
    }

    private static (string Name, byte[]? Value) ParseHeader(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return (text[..colon], Bytes(text[(colon + 1)..]));
    }

    private static long Number(string field) =>
        field == "NO_TIMESTAMP" ? -1 : long.Parse(field.AsSpan(field.IndexOf(':', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture);

    private static byte[]? Bytes(string text) => text == Null ? null : Encoding.Latin1.GetBytes(text);
}
