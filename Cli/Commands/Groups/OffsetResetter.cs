using System.Globalization;
using KBroker.Cli.Client;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Cli.Commands.Groups;

/// <summary>Sets the offsets of groups that have no members, or shows what it would set.</summary>
/// <param name="groups">Groups and what they have committed.</param>
/// <param name="offsets">What partitions hold.</param>
/// <param name="error">Hears of offsets that had to be moved.</param>
internal sealed class OffsetResetter(GroupClient groups, PartitionOffsetsClient offsets, TextWriter error)
{
    /// <summary>Finds the offsets for one group, and commits them if told to.</summary>
    /// <param name="group">The group; it may be one that does not exist yet.</param>
    /// <param name="topics">The topics; null for those that the group has offsets of.</param>
    /// <param name="target">Where to.</param>
    /// <param name="execute">Whether to commit.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="CliException">The group has members, or a partition does not exist or cannot be reset.</exception>
    public async Task<SortedDictionary<TopicPartition, long>> ResetAsync(
        string group, IReadOnlyList<TopicSelection>? topics, ResetTarget target, bool execute, CancellationToken cancellation)
    {
        GroupView view = await groups.DescribeAsync(group, cancellation);
        if (view.IsActive)
            throw new CliException($"Offsets can be reset only while a group has no members, and group '{group}' is {view.State}: stop them first");
        IReadOnlyDictionary<TopicPartition, CommittedPosition> committed = await groups.CommittedAsync(group, cancellation);
        List<TopicPartition> partitions = topics is null ? [.. committed.Keys] : await SelectAsync(topics, cancellation);
        SortedDictionary<TopicPartition, long> found = await FindAsync(partitions, committed, target, cancellation);
        if (!execute || found.Count == 0) return found;
        IReadOnlyDictionary<TopicPartition, ErrorCode> refused = await groups.CommitAsync(group, found, cancellation);
        foreach ((TopicPartition partition, ErrorCode code) in refused)
            throw new CliException($"The offset of group '{group}' in {partition} is not set: {ErrorText.Of(code)}");
        return found;
    }

    /// <summary>The partitions of a selection.</summary>
    /// <exception cref="CliException">One does not exist.</exception>
    public async Task<List<TopicPartition>> SelectAsync(IReadOnlyList<TopicSelection> topics, CancellationToken cancellation)
    {
        IReadOnlyDictionary<string, TopicView> views = await offsets.TopicsAsync(topics.Select(topic => topic.Topic), cancellation);
        var partitions = new List<TopicPartition>();
        foreach (TopicSelection topic in topics)
        {
            if (!views.TryGetValue(topic.Topic, out TopicView? view)) throw new CliException($"Topic '{topic.Topic}' does not exist");
            foreach (int partition in topic.Partitions ?? [.. view.Partitions.Select(one => one.Partition)])
            {
                if (view.Find(partition) is null)
                    throw new CliException(string.Create(CultureInfo.InvariantCulture, $"Topic '{topic.Topic}' has no partition {partition}"));
                partitions.Add(new TopicPartition(topic.Topic, partition));
            }
        }

        return [.. partitions.Distinct()];
    }

    private async Task<SortedDictionary<TopicPartition, long>> FindAsync(
        List<TopicPartition> partitions,
        IReadOnlyDictionary<TopicPartition, CommittedPosition> committed,
        ResetTarget target,
        CancellationToken cancellation)
    {
        IReadOnlyDictionary<TopicPartition, long> earliest = await offsets.FindAsync(partitions, StartPosition.Earliest, cancellation);
        IReadOnlyDictionary<TopicPartition, long> latest = await offsets.FindAsync(partitions, StartPosition.Latest, cancellation);
        IReadOnlyDictionary<TopicPartition, long> atTime = target.Kind == ResetKind.Time
            ? await offsets.FindAsync(partitions, StartPosition.AtTime(target.Value), cancellation)
            : latest;
        var found = new SortedDictionary<TopicPartition, long>(Comparer<TopicPartition>.Create(Compare));
        foreach (TopicPartition partition in partitions)
        {
            if (!earliest.TryGetValue(partition, out long first) || !latest.TryGetValue(partition, out long end) || !atTime.TryGetValue(partition, out long then))
                throw new CliException($"The offsets of {partition} cannot be told: it does not exist, or has no leader at the moment");
            long? offset = target.Offset((first, end), committed.GetValueOrDefault(partition)?.Offset, then, out string? warning)
                ?? throw new CliException($"The offset of {partition} cannot be shifted: none is committed");
            if (warning is not null) error.WriteLine($"kbroker: {partition}: {warning}");
            found[partition] = offset.Value;
        }

        return found;
    }

    private static int Compare(TopicPartition one, TopicPartition other) =>
        string.CompareOrdinal(one.Topic, other.Topic) is var byTopic and not 0 ? byTopic : one.Partition.CompareTo(other.Partition);
}
