using System.Globalization;
using KBroker.Cli.Client;
using KBroker.Protocol.Identity;

namespace KBroker.Cli.Commands.Groups;

/// <summary>
/// The offsets of a group as <c>kafka-consumer-groups --describe</c> shows them: a row for each partition that is assigned or has a
/// committed offset, and one for each member without partitions.
/// </summary>
/// <param name="isVerbose">Whether leader epochs are shown.</param>
public sealed class GroupOffsetsView(bool isVerbose)
{
    /// <summary>Prints one group.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="group">The group.</param>
    /// <param name="committed">What it has committed.</param>
    /// <param name="ends">The ends of the partitions, where they can be told.</param>
    public void Write(
        TextWriter output,
        GroupView group,
        IReadOnlyDictionary<TopicPartition, CommittedPosition> committed,
        IReadOnlyDictionary<TopicPartition, long> ends)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(committed);
        ArgumentNullException.ThrowIfNull(ends);
        string[] offsets = ["CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID"];
        var table = new TextTable(["GROUP", "TOPIC", "PARTITION", .. isVerbose ? ["LEADER-EPOCH"] : Array.Empty<string>(), .. offsets]);
        var owners = new Dictionary<TopicPartition, GroupMemberView>();
        foreach (GroupMemberView member in group.Members)
        {
            foreach (TopicPartition partition in member.Assigned) owners[partition] = member;
        }

        foreach (TopicPartition partition in owners.Keys.Union(committed.Keys).OrderBy(one => one.Topic, StringComparer.Ordinal).ThenBy(one => one.Partition))
        {
            CommittedPosition? position = committed.GetValueOrDefault(partition);
            long? end = ends.TryGetValue(partition, out long found) ? found : null;
            // An offset beyond the end is no lag: the log was cut, or made anew.
            string? lag = position is not null && end is { } last ? Text(Math.Max(0, last - position.Offset)) : null;
            GroupMemberView? owner = owners.GetValueOrDefault(partition);
            Add(table, group.Id, (partition.Topic, Text(partition.Partition)), position is { LeaderEpoch: >= 0 } ? Text(position.LeaderEpoch) : null,
                [position is null ? null : Text(position.Offset), end is { } shown ? Text(shown) : null, lag, owner?.Id, owner?.Host, owner?.ClientId]);
        }

        foreach (GroupMemberView member in group.Members.Where(member => member.Assigned.Count == 0).OrderBy(member => member.Id, StringComparer.Ordinal))
            Add(table, group.Id, (null, null), null, [null, null, null, member.Id, member.Host, member.ClientId]);
        table.Write(output);
    }

    private void Add(TextTable table, string group, (string? Topic, string? Partition) partition, string? leaderEpoch, string?[] rest) =>
        table.Add([group, partition.Topic, partition.Partition, .. isVerbose ? [leaderEpoch] : Array.Empty<string?>(), .. rest]);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
