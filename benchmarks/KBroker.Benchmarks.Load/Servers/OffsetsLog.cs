using System.Globalization;
using KBroker.Benchmarks.Load.Wire;
using KBroker.LogEngine;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Benchmarks.Load.Servers;

/// <summary>Writes <c>__consumer_offsets</c> of a broker that is stopped, without a request for each offset.</summary>
internal static class OffsetsLog
{
    private const string Topic = "__consumer_offsets";
    private const int PartitionsPerTopic = 100;

    /// <summary>The name of a topic and the partition of an offset, by its number within its group.</summary>
    public static (string Topic, int Partition) Source(int number) =>
        (string.Create(CultureInfo.InvariantCulture, $"topic-{number / PartitionsPerTopic}"), number % PartitionsPerTopic);

    /// <summary>Commits offsets of groups: each the same number, the offset of partition p of a topic is p.</summary>
    /// <param name="logs">The log directory.</param>
    /// <param name="groups">The groups.</param>
    /// <param name="offsetsEach">The offsets of each.</param>
    /// <param name="recordsPerBatch">How many offsets are committed together.</param>
    public static void Fill(string logs, IEnumerable<string> groups, int offsetsEach, int recordsPerBatch)
    {
        using LogDirectory directory = LogDirectory.Open(
            new LogDirectoryOptions { Path = logs, BrokerId = new BrokerId(0), ClusterId = ClusterIdOf(logs) },
            new PhysicalLogFileSystem(), TimeProvider.System, new Random(1), NullLogger.Instance);
        PartitionLog[] partitions = [.. directory.Logs.Where(log => log.TopicPartition.Topic == Topic).OrderBy(log => log.TopicPartition.Partition)];
        using var builder = new RecordBatchBuilder(new RecordBatchOptions());
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (string group in groups)
        {
            PartitionLog log = partitions[PartitionOf(group, partitions.Length)];
            for (int i = 0; i < offsetsEach; i++)
            {
                (string topic, int partition) = Source(i);
                // OffsetCommitKey and OffsetCommitValue v3.
                byte[] key = new FrameWriter().Int16(1).String(group).String(topic).Int32(partition).ToBody();
                byte[] value = new FrameWriter().Int16(3).Int64(partition).Int32(0).String("").Int64(now).ToBody();
                builder.Append(now, key, value);
                if (builder.RecordCount < recordsPerBatch && i < offsetsEach - 1) continue;
                if (log.AppendAsLeader(builder.ToArray(), log.LatestEpoch, AppendOrigin.Coordinator).Status != AppendStatus.Appended)
                    throw new InvalidOperationException("not appended");
                builder.Reset(new RecordBatchOptions());
            }
        }

        directory.Close(0);
    }

    private static string ClusterIdOf(string logs) =>
        File.ReadLines(Path.Combine(logs, "meta.properties")).First(line => line.StartsWith("cluster.id=", StringComparison.Ordinal))["cluster.id=".Length..];

    // Java's String.hashCode, as Kafka finds a group's partition.
    private static int PartitionOf(string group, int partitions)
    {
        int hash = 0;
        foreach (char c in group) hash = unchecked((31 * hash) + c);
        return (hash == int.MinValue ? 0 : Math.Abs(hash)) % partitions;
    }
}
