using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace KBroker.TestKit.Golden;

/// <summary>The small files of text, to the byte as Kafka writes them.</summary>
internal static partial class KafkaText
{
    /// <summary>The lines of a checkpoint of version 0, split into their fields.</summary>
    public static List<string[]> Checkpoint(string file, byte[] bytes, int fields)
    {
        string text = Text(file, bytes);
        KafkaRefusesException.If(!text.EndsWith('\n') || text.Contains('\r', StringComparison.Ordinal), file, "a line does not end in a newline");
        string[] lines = text[..^1].Split('\n');
        KafkaRefusesException.If(lines[0] != "0", file, $"version '{lines[0]}' of a checkpoint is unknown");
        KafkaRefusesException.If(lines.Length < 2 || lines[1] != (lines.Length - 2).ToString(CultureInfo.InvariantCulture), file, "the count is not that of the lines");
        var split = new List<string[]>();
        foreach (string line in lines.Skip(2))
        {
            string[] words = line.Split(' ');
            KafkaRefusesException.If(words.Length != fields || words.Contains(""), file, $"'{line}' has not {fields} fields with one space between them");
            split.Add(words);
        }

        return split;
    }

    /// <summary>The offsets of a log directory's checkpoint by directory name; none when there is no file.</summary>
    public static Dictionary<string, long> Offsets(KafkaFiles files, string name)
    {
        var offsets = new Dictionary<string, long>();
        if (files.Find(name) is not { } bytes) return offsets;
        foreach (string[] line in Checkpoint(name, bytes, 3))
        {
            string partition = $"{line[0]}-{Number(name, line[1])}";
            KafkaRefusesException.If(!offsets.TryAdd(partition, Number(name, line[2])), name, $"{partition} is there twice");
            KafkaRefusesException.If(!files.Directories.Contains(partition), name, $"{partition} has no directory");
        }

        return offsets;
    }

    /// <summary>A topic's id in the form of <c>partition.metadata</c>.</summary>
    public static void PartitionMetadata(string file, byte[] bytes)
    {
        string text = Text(file, bytes);
        KafkaRefusesException.If(!TopicId().IsMatch(text), file, $"'{text}' is not 'version: 0', a newline and 'topic_id: ' with 22 letters");
        KafkaRefusesException.If(text.EndsWith("AAAAAAAAAAAAAAAAAAAAAA", StringComparison.Ordinal), file, "the topic's id is zero");
    }

    /// <summary>Version 0 as a broker with ZooKeeper has it, or version 1 as KRaft; the version.</summary>
    public static int MetaProperties(string file, byte[] bytes)
    {
        var values = new Dictionary<string, string>();
        foreach (string line in Text(file, bytes).Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            int at = line.IndexOf('=', StringComparison.Ordinal);
            KafkaRefusesException.If(at < 1 || !values.TryAdd(line[..at], line[(at + 1)..]), file, $"'{line}' is no property, or there twice");
        }

        string version = values.GetValueOrDefault("version", "none");
        KafkaRefusesException.If(version is not ("0" or "1"), file, $"version {version} is unknown");
        string id = version == "0" ? "broker.id" : "node.id";
        string[] wanted = [id, "cluster.id", "version"];
        KafkaRefusesException.If(
            wanted.Except(values.Keys).Any() || values.Keys.Except([.. wanted, "directory.id"]).Any(), file, $"version {version} has the keys {string.Join(", ", values.Keys)}");
        KafkaRefusesException.If(Number(file, values[id]) > int.MaxValue, file, $"{values[id]} is no broker's id");
        return version == "0" ? 0 : 1;
    }

    /// <summary>Empty as up to 3.6, or the JSON of later releases.</summary>
    public static void CleanShutdown(string file, byte[] bytes)
    {
        if (bytes.Length == 0) return;
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            KafkaRefusesException.If(document.RootElement.GetProperty("version").GetInt32() != 0, file, "the version is not 0");
            document.RootElement.GetProperty("brokerEpoch").GetInt64();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new KafkaRefusesException(file, e.Message);
        }
    }

    public static long Number(string file, string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number.ToString(CultureInfo.InvariantCulture) == text
            ? number
            : throw new KafkaRefusesException(file, $"'{text}' is no number");

    private static string Text(string file, byte[] bytes)
    {
        KafkaRefusesException.If(Array.Exists(bytes, one => one is >= 0x7F or 0), file, "not a text of ASCII");
        return Encoding.ASCII.GetString(bytes);
    }

    [GeneratedRegex(@"\Aversion: 0\ntopic_id: [A-Za-z0-9_-]{22}\z")]
    private static partial Regex TopicId();
}
