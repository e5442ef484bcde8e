using System.Globalization;
using System.Text;

namespace KBroker.TestKit.Golden;

/// <summary>What differs between the releases of Kafka in a log directory.</summary>
/// <param name="Name">The release.</param>
/// <param name="TopicIds">Whether partitions have <c>partition.metadata</c> (KIP-516).</param>
/// <param name="CleanShutdown">The content of <c>.kafka_cleanshutdown</c>.</param>
/// <param name="Meta">The content of <c>meta.properties</c>, with {0} for the broker's id and {1} for the cluster's.</param>
internal sealed record KafkaRelease(string Name, bool TopicIds, string CleanShutdown, string Meta)
{
    private const string Date = "#\n#Tue Mar 03 12:00:00 UTC 2020\n";

    public static KafkaRelease V24 { get; } = new("2.4", false, "", Date + "cluster.id={1}\nversion=0\nbroker.id={0}\n");

    public static KafkaRelease V28 { get; } = new("2.8", true, "", Date + "cluster.id={1}\nversion=0\nbroker.id={0}\n");

    public static KafkaRelease V33 { get; } = new("3.3", true, "", Date + "broker.id={0}\nversion=0\ncluster.id={1}\n");

    public static KafkaRelease V39 { get; } =
        new("3.9", true, "{\"version\":0,\"brokerEpoch\":8589934601}", Date + "broker.id={0}\ndirectory.id=lElg6-6NSzmqGuKO9cTxMQ\nversion=0\ncluster.id={1}\n");

    public static KafkaRelease V39KRaft { get; } =
        new("3.9 KRaft", true, "{\"version\":0,\"brokerEpoch\":12}", Date + "node.id={0}\ndirectory.id=lElg6-6NSzmqGuKO9cTxMQ\nversion=1\ncluster.id={1}\n");

    public static IReadOnlyList<KafkaRelease> All { get; } = [V24, V28, V33, V39, V39KRaft];
}

/// <summary>A log directory as a broker of Apache Kafka leaves it, put together from the facts of its formats.</summary>
internal sealed class GoldenDirectory(KafkaRelease release, params GoldenPartition[] partitions)
{
    public const string ClusterId = "Xp3kM5HeQ7-b4Fd2nTj0Aw";

    /// <summary>The id of the broker that wrote it.</summary>
    public int BrokerId { get; init; }

    public KafkaRelease Release => release;

    public IReadOnlyList<GoldenPartition> Partitions => partitions;

    /// <summary>Further directories, with their files.</summary>
    public IReadOnlyList<(string Name, IReadOnlyDictionary<string, byte[]> Files)> MoreDirectories { get; init; } = [];

    /// <summary>Log starts above the first segment's base offset.</summary>
    public IReadOnlyDictionary<string, long> LogStarts { get; init; } = new Dictionary<string, long>();

    /// <summary>
    /// All files, by their paths inside the directory. A file longer than its bytes ends in zeros. After an unclean stop there is no
    /// mark of a clean one, the recovery points lag by the last segment, and growing indexes have their full size.
    /// </summary>
    public IEnumerable<(string Path, byte[] Bytes, long Length)> Files(bool clean)
    {
        yield return File("meta.properties", string.Format(CultureInfo.InvariantCulture, release.Meta, BrokerId, ClusterId));
        yield return File(".lock", "");
        if (clean) yield return File(".kafka_cleanshutdown", release.CleanShutdown);
        yield return Checkpoint("recovery-point-offset-checkpoint", partition => clean ? partition.EndOffset : partition.Segments[^1].BaseOffset);
        yield return Checkpoint("replication-offset-checkpoint", partition => partition.EndOffset);
        yield return Checkpoint("log-start-offset-checkpoint", partition => LogStarts.TryGetValue(partition.DirectoryName, out long start) ? start : null);
        yield return Checkpoint("cleaner-offset-checkpoint", partition => partition.Topic.StartsWith("__", StringComparison.Ordinal) ? partition.StartOffset : null);
        foreach (GoldenPartition partition in partitions)
        {
            foreach ((string name, byte[] bytes, long length) in partition.Files(clean)) yield return ($"{partition.DirectoryName}/{name}", bytes, length);
        }

        foreach ((string directory, IReadOnlyDictionary<string, byte[]> files) in MoreDirectories)
        {
            foreach ((string name, byte[] bytes) in files) yield return ($"{directory}/{name}", bytes, bytes.Length);
        }
    }

    /// <summary>Puts the files on this machine's disk.</summary>
    public void WriteTo(string path, bool clean)
    {
        foreach ((string name, byte[] bytes, long length) in Files(clean))
        {
            string target = Path.Combine(path, name);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using FileStream file = System.IO.File.Create(target);
            file.Write(bytes);
            file.SetLength(length);
        }
    }

    private static (string, byte[], long) File(string name, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return (name, bytes, bytes.Length);
    }

    private (string, byte[], long) Checkpoint(string name, Func<GoldenPartition, long?> offset)
    {
        List<string> lines = [.. partitions
            .Where(partition => offset(partition) is not null)
            .Select(partition => string.Create(CultureInfo.InvariantCulture, $"{partition.Topic} {partition.Number} {offset(partition)}\n"))];
        return File(name, string.Create(CultureInfo.InvariantCulture, $"0\n{lines.Count}\n{string.Concat(lines)}"));
    }
}
