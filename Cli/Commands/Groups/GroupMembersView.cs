using System.Globalization;
using KBroker.Cli.Client;
using KBroker.Protocol.Identity;

namespace KBroker.Cli.Commands.Groups;

/// <summary>The members of a group as <c>kafka-consumer-groups --describe --members</c> shows them.</summary>
/// <param name="isVerbose">Whether assignments are shown, and epochs where the group has some.</param>
public sealed class GroupMembersView(bool isVerbose)
{
    /// <summary>Prints one group.</summary>
    public void Write(TextWriter output, GroupView group)
    {
        ArgumentNullException.ThrowIfNull(group);
        bool hasInstances = group.Members.Any(member => member.InstanceId is not null);
        bool hasEpochs = isVerbose && group.Epoch is not null;
        var headings = new List<string> { "GROUP", "CONSUMER-ID" };
        if (hasInstances) headings.Add("GROUP-INSTANCE-ID");
        headings.AddRange(["HOST", "CLIENT-ID", "#PARTITIONS"]);
        if (hasEpochs) headings.AddRange(["CURRENT-EPOCH", "CURRENT-ASSIGNMENT", "TARGET-EPOCH", "TARGET-ASSIGNMENT"]);
        else if (isVerbose) headings.Add("ASSIGNMENT");
        var table = new TextTable([.. headings]);
        foreach (GroupMemberView member in group.Members.OrderBy(member => member.Id, StringComparer.Ordinal))
        {
            var cells = new List<string?> { group.Id, member.Id };
            if (hasInstances) cells.Add(member.InstanceId);
            cells.AddRange([member.Host, member.ClientId, Text(member.Assigned.Count)]);
            if (hasEpochs) cells.AddRange([Text(member.Epoch), Text(member.Assigned), Text(group.TargetEpoch), Text(member.Target ?? [])]);
            else if (isVerbose) cells.Add(Text(member.Assigned));
            table.Add([.. cells]);
        }

        table.Write(output);
    }

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string Text(IReadOnlyList<TopicPartition> partitions) => string.Join(';', partitions
        .GroupBy(partition => partition.Topic)
        .OrderBy(topic => topic.Key, StringComparer.Ordinal)
        .Select(topic => $"{topic.Key}:{string.Join(',', topic.Select(partition => partition.Partition).Order())}"));
}
