using System.Text.RegularExpressions;

namespace KBroker.TestKit.Golden;

/// <summary>
/// A whole log directory as Apache Kafka would open it after an orderly stop, by the checks that its releases 2.4 to 3.9 make and
/// those that its own writing satisfies. Nothing here comes from what is under test.
/// </summary>
internal sealed partial class KafkaLogDirectory
{
    private const string CleanShutdown = ".kafka_cleanshutdown";

    private KafkaLogDirectory(IReadOnlyDictionary<string, KafkaPartition> partitions) => Partitions = partitions;

    /// <summary>What was opened, by directory name.</summary>
    public IReadOnlyDictionary<string, KafkaPartition> Partitions { get; }

    /// <param name="files">The directory.</param>
    /// <param name="isCompacted">Whether a partition, by directory name, was compacted.</param>
    /// <param name="alsoAllowed">Files of the log directory that are not Kafka's, and that it therefore does not look at.</param>
    /// <param name="wantsSnapshots">Whether each log must have its producers at its end.</param>
    /// <exception cref="KafkaRefusesException">Kafka would not open it, would have to make a file anew, or would believe what is wrong.</exception>
    public static KafkaLogDirectory Open(
        KafkaFiles files, Func<string, bool>? isCompacted = null, Func<string, bool>? alsoAllowed = null, bool wantsSnapshots = true)
    {
        foreach (string name in files.NamesIn(""))
            KafkaRefusesException.If(!IsFileOfALogDirectory(name) && alsoAllowed?.Invoke(name) is not true, name, "no file that Kafka leaves in a log directory");
        KafkaRefusesException.If(files.Find(".lock") is not { Length: 0 }, ".lock", "missing, or not empty");
        KafkaText.MetaProperties("meta.properties", files.Find("meta.properties") ?? throw new KafkaRefusesException("meta.properties", "missing"));
        KafkaText.CleanShutdown(CleanShutdown, files.Find(CleanShutdown) ?? throw new KafkaRefusesException(CleanShutdown, "missing: every log would be recovered"));
        Dictionary<string, long> recoveryPoints = KafkaText.Offsets(files, "recovery-point-offset-checkpoint");
        Dictionary<string, long> starts = KafkaText.Offsets(files, "log-start-offset-checkpoint");
        Dictionary<string, long> watermarks = KafkaText.Offsets(files, "replication-offset-checkpoint");
        Dictionary<string, long> cleaned = KafkaText.Offsets(files, "cleaner-offset-checkpoint");
        var partitions = new Dictionary<string, KafkaPartition>();
        foreach (string directory in files.Directories)
        {
            if (IsNoPartition(directory)) continue;
            long? start = starts.TryGetValue(directory, out long at) ? at : null;
            KafkaPartition partition = KafkaPartition.Read(files, directory, start, isCompacted?.Invoke(directory) ?? false, wantsSnapshots);
            partitions.Add(directory, partition);
            Within("log-start-offset-checkpoint", starts, directory, partition.FirstOffset, partition.EndOffset);
            Within("replication-offset-checkpoint", watermarks, directory, 0, partition.EndOffset);
            Within("cleaner-offset-checkpoint", cleaned, directory, 0, partition.EndOffset);
            KafkaRefusesException.If(!recoveryPoints.ContainsKey(directory), "recovery-point-offset-checkpoint", $"{directory} is missing");
            Within("recovery-point-offset-checkpoint", recoveryPoints, directory, partition.EndOffset, partition.EndOffset);
        }

        return new KafkaLogDirectory(partitions);
    }

    private static void Within(string file, Dictionary<string, long> offsets, string partition, long least, long most) => KafkaRefusesException.If(
        offsets.TryGetValue(partition, out long offset) && (offset < least || offset > most), file, $"{partition} has {offset}, its log allows {least} to {most}");

    private static bool IsFileOfALogDirectory(string name) => name is ".lock" or "meta.properties" or CleanShutdown
        or "recovery-point-offset-checkpoint" or "replication-offset-checkpoint" or "log-start-offset-checkpoint" or "cleaner-offset-checkpoint";

    /// <summary>Kafka leaves these alone; a directory of any other name that is not a partition's ends its start.</summary>
    private static bool IsNoPartition(string directory)
    {
        if (directory is "remote-log-index-cache" or "__cluster_metadata-0") return true;
        Match match = DirectoryName().Match(directory);
        KafkaRefusesException.If(!match.Success, directory, "neither topic-partition nor topic-partition.id-delete, -future or -stray: Kafka would not start");
        return match.Groups[1].Success;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._-]+-(?:0|[1-9][0-9]{0,9})(\.[0-9a-f]{32}-(?:delete|future|stray))?\z")]
    private static partial Regex DirectoryName();
}
