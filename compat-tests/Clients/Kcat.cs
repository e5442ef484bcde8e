using System.Globalization;
using System.Text;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Clients;

/// <summary>kcat, which is librdkafka on the command line.</summary>
internal sealed class Kcat : IConsumerClient, IGroupClient, IOffsetsClient, IProducerClient
{
    private const string Program = "kcat";

    // Lengths come first, so that keys and values may hold any bytes.
    private const string Format = "%p %o %T %K %S %h\n%k%s\n";

    public IReadOnlyList<string> Codecs { get; } = ["none", "gzip", "snappy", "lz4", "zstd"];

    public async Task<List<ClientRecord>> ConsumeAsync(BrokerProcess broker, string topic, ReadFrom from = default, int? maxPartitionFetchBytes = null)
    {
        string start = from switch
        {
            { Offset: { } offset } => offset.ToString(CultureInfo.InvariantCulture),
            { Time: { } time } => $"s@{time}",
            _ => "beginning",
        };
        List<string> arguments = ["-b", broker.Bootstrap, "-C", "-t", topic, "-o", start, "-e", "-q", "-f", Format];
        if (maxPartitionFetchBytes is { } bytes) arguments.AddRange(["-X", $"fetch.message.max.bytes={bytes}"]);
        return Parse(await ClientProcess.RunAsync(Program, arguments));
    }

    public async Task<List<ClientRecord>> ConsumeInGroupAsync(BrokerProcess broker, string topic, string group, int count) => Parse(await ClientProcess.RunAsync(
        Program,
        ["-b", broker.Bootstrap, "-G", group, "-c", count.ToString(CultureInfo.InvariantCulture), "-q", "-X", "auto.offset.reset=earliest", "-f", Format, topic]));

    public async Task<PartitionOffsets> OffsetsAsync(BrokerProcess broker, string topic, int partition, params long[] times)
    {
        var found = new List<long>();
        foreach (long time in (long[])[-2, -1, .. times])
        {
            byte[] output = await ClientProcess.RunAsync(Program, ["-b", broker.Bootstrap, "-Q", "-t", $"{topic}:{partition}:{time}"]);
            string line = Encoding.UTF8.GetString(output).Trim();
            found.Add(long.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture));
        }

        // librdkafka's answer for a time after the last record is its name for the end, -1.
        return new(found[0], found[1], [.. found.Skip(2).Select(offset => offset < 0 ? (long?)null : offset)]);
    }

    /// <summary>Writes records that have a key and a value; their partition is librdkafka's choice by key.</summary>
    public async Task ProduceAsync(BrokerProcess broker, string topic, IReadOnlyList<ClientRecord> records, string codec = "none", int maxRequestBytes = 1_000_000)
    {
        var input = new MemoryStream();
        foreach (ClientRecord record in records)
        {
            input.Write(record.Key);
            input.WriteByte(1);
            input.Write(record.Value);
            input.WriteByte(2);
        }

        await ClientProcess.RunAsync(
            Program,
            [
                "-b", broker.Bootstrap, "-P", "-t", topic, "-K", "\\x01", "-D", "\\x02", "-X", "acks=all", "-z", codec,
                "-X", $"message.max.bytes={maxRequestBytes}", "-X", $"batch.size={maxRequestBytes}",
            ],
            input.ToArray());
    }

    private static List<ClientRecord> Parse(byte[] output)
    {
        var records = new List<ClientRecord>();
        for (int position = 0; position < output.Length;)
        {
            int end = position + output.AsSpan(position).IndexOf((byte)'\n');
            string[] fields = Encoding.UTF8.GetString(output, position, end - position).Split(' ', 6);
            position = end + 1;
            byte[]? key = Take(output, ref position, int.Parse(fields[3], CultureInfo.InvariantCulture));
            byte[]? value = Take(output, ref position, int.Parse(fields[4], CultureInfo.InvariantCulture));
            Assert.Equal((byte)'\n', output[position++]);
            records.Add(new(int.Parse(fields[0], CultureInfo.InvariantCulture), long.Parse(fields[1], CultureInfo.InvariantCulture), long.Parse(fields[2], CultureInfo.InvariantCulture), key, value)
            {
                Headers = [.. fields[5].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ParseHeader)],
            });
        }

        return records;
    }

    private static (string Name, byte[]? Value) ParseHeader(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return (text[..equals], text[(equals + 1)..] is "NULL" ? null : Encoding.UTF8.GetBytes(text[(equals + 1)..]));
    }

    private static byte[]? Take(byte[] output, ref int position, int length)
    {
        if (length < 0) return null;
        position += length;
        return output[(position - length)..position];
    }
}
