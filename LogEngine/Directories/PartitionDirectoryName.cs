using System.Globalization;
using KBroker.Protocol.Identity;

namespace KBroker.LogEngine.Directories;

/// <summary>What a directory within a log directory is.</summary>
internal enum PartitionDirectoryKind
{
    Partition,
    Deleting,
    Future,
    Stray,
    NotALog,
    Unknown,
}

/// <summary>The names of partition directories: <c>T-P</c>, and <c>T-P.&lt;uuid&gt;-delete</c>, <c>-future</c>, <c>-stray</c>.</summary>
internal static class PartitionDirectoryName
{
    private const int LongestName = 255;
    private const int LongestTopic = 249;
    private const string DeleteSuffix = "-delete";
    private const string FutureSuffix = "-future";
    private const string StraySuffix = "-stray";

    // KRaft's metadata log is named like a partition and is none: another part of Kafka reads and writes it.
    private const string MetadataLogTopic = "__cluster_metadata";

    // Kafka's cache of indexes of segments in remote storage.
    private const string RemoteIndexCache = "remote-log-index-cache";

    public static string For(TopicPartition partition) => partition.ToString();

    /// <summary>The name under which a partition waits for its deletion; a long topic is cut to fit a file name.</summary>
    public static string ForDeletion(TopicPartition partition, Guid unique) => Marked(partition, unique, DeleteSuffix);

    /// <summary>The name under which data is kept that is no partition's in use; a long topic is cut to fit a file name.</summary>
    public static string ForStray(TopicPartition partition, Guid unique) => Marked(partition, unique, StraySuffix);

    /// <summary>What a name says. The partition is told for <see cref="PartitionDirectoryKind.Partition"/> alone.</summary>
    public static PartitionDirectoryKind Parse(string name, out TopicPartition partition)
    {
        partition = default;
        if (name is "lost+found" or RemoteIndexCache || name.StartsWith('.')) return PartitionDirectoryKind.NotALog;
        int dot = name.LastIndexOf('.');
        if (dot > 0 && name.EndsWith(DeleteSuffix, StringComparison.Ordinal) && IsId(name, dot, DeleteSuffix)) return PartitionDirectoryKind.Deleting;
        if (dot > 0 && name.EndsWith(FutureSuffix, StringComparison.Ordinal) && IsId(name, dot, FutureSuffix)) return PartitionDirectoryKind.Future;
        if (dot > 0 && name.EndsWith(StraySuffix, StringComparison.Ordinal) && IsId(name, dot, StraySuffix)) return PartitionDirectoryKind.Stray;
        int dash = name.LastIndexOf('-');
        if (dash <= 0 || dash > LongestTopic || !IsTopic(name.AsSpan(0, dash))) return PartitionDirectoryKind.Unknown;
        ReadOnlySpan<char> number = name.AsSpan(dash + 1);
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int value) || (number.Length > 1 && number[0] == '0'))
            return PartitionDirectoryKind.Unknown;
        if (name.AsSpan(0, dash) is MetadataLogTopic) return PartitionDirectoryKind.NotALog;
        partition = new TopicPartition(name[..dash], value);
        return PartitionDirectoryKind.Partition;
    }

    public static bool IsTopic(ReadOnlySpan<char> topic)
    {
        if (topic.IsEmpty || topic.Length > LongestTopic || topic is "." or "..") return false;
        foreach (char c in topic)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-')) return false;
        }

        return true;
    }

    private static string Marked(TopicPartition partition, Guid unique, string suffix)
    {
        string tail = string.Create(CultureInfo.InvariantCulture, $"-{partition.Partition}.{unique:N}{suffix}");
        return partition.Topic[..Math.Min(partition.Topic.Length, LongestName - tail.Length)] + tail;
    }

    private static bool IsId(string name, int dot, string suffix) =>
        Guid.TryParseExact(name.AsSpan(dot + 1, Math.Max(name.Length - dot - 1 - suffix.Length, 0)), "N", out _);
}
