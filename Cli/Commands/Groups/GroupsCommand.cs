using System.CommandLine;
using System.Globalization;
using KBroker.Cli.Client;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Cli.Commands.Groups;

/// <summary><c>kbroker groups</c>: what kafka-consumer-groups does, with its flags and its output, for groups of either protocol.</summary>
public sealed class GroupsCommand : ClientCommand
{
    private const string Notes =
        """
        Examples:
          kbroker groups list --state --type
          kbroker groups describe billing
          kbroker groups describe billing --members --verbose
          kbroker groups reset-offsets billing --topic orders:0,1 --to-earliest
          kbroker groups reset-offsets billing --all-topics --by-duration PT1H --execute
          kbroker groups --describe --group billing --bootstrap-server broker1:9092
        """;

    private readonly GroupsOptions _options = new();

    /// <inheritdoc/>
    public override Command Build(CliContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var command = new DocumentedCommand("groups", "List, describe and delete consumer groups, and reset their offsets", Notes);
        _options.AddTo(command);
        SetAction(command, context, async (parsed, cancellation) =>
        {
            ClientProperties properties = _options.Connection.Properties(parsed);
            await using ClusterClient cluster = _options.Connection.Connect(parsed, context, properties, "kbroker-groups");
            var groups = new GroupClient(cluster);
            var offsets = new PartitionOffsetsClient(cluster);
            return _options.Action(parsed) switch
            {
                GroupsAction.List => await ListAsync(parsed, context, groups, cancellation),
                GroupsAction.Describe => await EachAsync(parsed, context, groups, group => DescribeAsync(parsed, context, groups, offsets, group, cancellation), cancellation),
                GroupsAction.Delete => await DeleteAsync(parsed, context, groups, cancellation),
                GroupsAction.DeleteOffsets => await DeleteOffsetsAsync(parsed, context, groups, offsets, cancellation),
                _ => await ResetAsync(parsed, context, groups, offsets, cancellation),
            };
        });
        return command;
    }

    private async Task<int> ListAsync(ParseResult parsed, CliContext context, GroupClient groups, CancellationToken cancellation)
    {
        IReadOnlyList<GroupListing> found = await groups.ListAsync(_options.States(parsed), _options.Types(parsed), cancellation);
        bool withType = _options.ShowsType(parsed), withState = _options.ShowsState(parsed);
        if (!withType && !withState)
        {
            foreach (GroupListing group in found) context.Out.WriteLine(group.Id);
            return ExitCodes.Success;
        }

        var table = new TextTable(["GROUP", .. withType ? ["TYPE"] : Array.Empty<string>(), .. withState ? ["STATE"] : Array.Empty<string>()]);
        foreach (GroupListing group in found)
            table.Add([group.Id, .. withType ? [Capitalized(group.Type)] : Array.Empty<string>(), .. withState ? [group.State] : Array.Empty<string>()]);
        table.Write(context.Out);
        return ExitCodes.Success;
    }

    private async Task DescribeAsync(
        ParseResult parsed, CliContext context, GroupClient groups, PartitionOffsetsClient offsets, string id, CancellationToken cancellation)
    {
        GroupView group = await groups.DescribeAsync(id, cancellation);
        bool isVerbose = _options.Connection.IsVerbose(parsed);
        if (!group.Exists) throw new CliException($"Group '{id}' does not exist");
        if (_options.ShowsState(parsed))
        {
            await WriteStateAsync(context, groups, group, isVerbose, cancellation);
            return;
        }

        if (group.State == GroupView.EmptyState) context.Error.WriteLine($"kbroker: group '{id}' has no active members");
        else if (group.State is not "Stable") context.Error.WriteLine($"kbroker: group '{id}' is rebalancing ({group.State})");
        if (parsed.GetValue(_options.Members))
        {
            if (group.Members.Count > 0) new GroupMembersView(isVerbose).Write(context.Out, group);
            return;
        }

        IReadOnlyDictionary<TopicPartition, CommittedPosition> committed = await groups.CommittedAsync(id, cancellation);
        TopicPartition[] partitions = [.. committed.Keys.Union(group.Members.SelectMany(member => member.Assigned))];
        IReadOnlyDictionary<TopicPartition, long> ends = await offsets.FindAsync(partitions, StartPosition.Latest, cancellation);
        new GroupOffsetsView(isVerbose).Write(context.Out, group, committed, ends);
    }

    private static async Task WriteStateAsync(CliContext context, GroupClient groups, GroupView group, bool isVerbose, CancellationToken cancellation)
    {
        (int id, BrokerEndpoint endpoint) = await groups.CoordinatorAsync(group.Id, cancellation);
        string[] epochs = isVerbose && group.Epoch is not null ? ["GROUP-EPOCH", "TARGET-ASSIGNMENT-EPOCH"] : [];
        var table = new TextTable(["GROUP", "COORDINATOR (ID)", "TYPE", "ASSIGNMENT-STRATEGY", "STATE", .. epochs, "#MEMBERS"]);
        string?[] values = epochs.Length == 0 ? [] : [Text(group.Epoch ?? 0), Text(group.TargetEpoch ?? 0)];
        table.Add([group.Id, $"{endpoint} ({Text(id)})", group.Type, group.Assignor, group.State, .. values, Text(group.Members.Count)]);
        table.Write(context.Out);
    }

    private async Task<int> DeleteAsync(ParseResult parsed, CliContext context, GroupClient groups, CancellationToken cancellation) =>
        await EachAsync(
            parsed,
            context,
            groups,
            async group =>
            {
                await groups.DeleteAsync(group, cancellation);
                context.Out.WriteLine($"Deleted group {group}.");
            },
            cancellation);

    private async Task<int> DeleteOffsetsAsync(
        ParseResult parsed, CliContext context, GroupClient groups, PartitionOffsetsClient offsets, CancellationToken cancellation)
    {
        string group = _options.Groups(parsed)[0];
        TopicSelection[] topics = Selections(parsed);

        // Offsets of topics that are gone can be deleted too: what the group has of them names the partitions.
        IReadOnlyDictionary<TopicPartition, CommittedPosition> committed = await groups.CommittedAsync(group, cancellation);
        IReadOnlyDictionary<string, TopicView> existing = await offsets.TopicsAsync(topics.Select(topic => topic.Topic), cancellation);
        TopicPartition[] partitions =
        [
            .. topics.SelectMany(topic => topic.Partitions?.Select(one => new TopicPartition(topic.Topic, one))
                ?? (existing.TryGetValue(topic.Topic, out TopicView? view) ? view.Partitions.Select(one => new TopicPartition(topic.Topic, one.Partition)) : [])
                    .Union(committed.Keys.Where(one => one.Topic == topic.Topic))).Distinct(),
        ];
        if (partitions.Length == 0) throw new CliException($"Group '{group}' has no offsets of {string.Join(", ", topics.Select(topic => $"'{topic.Topic}'"))}");
        IReadOnlyDictionary<TopicPartition, ErrorCode> results = await groups.DeleteOffsetsAsync(group, partitions, cancellation);
        var table = new TextTable("TOPIC", "PARTITION", "STATUS");
        foreach (TopicPartition partition in partitions.OrderBy(one => one.Topic, StringComparer.Ordinal).ThenBy(one => one.Partition))
        {
            ErrorCode code = results.GetValueOrDefault(partition, ErrorCode.UnknownServerError);
            table.Add(partition.Topic, Text(partition.Partition), code == ErrorCode.None ? "Deleted" : $"Error: {ErrorText.Of(code)}");
        }

        table.Write(context.Out);
        return partitions.All(partition => results.GetValueOrDefault(partition, ErrorCode.UnknownServerError) == ErrorCode.None) ? ExitCodes.Success : ExitCodes.Failure;
    }

    private async Task<int> ResetAsync(
        ParseResult parsed, CliContext context, GroupClient groups, PartitionOffsetsClient offsets, CancellationToken cancellation)
    {
        bool execute = parsed.GetValue(_options.Execute);
        ResetTarget target = _options.Reset.Target(parsed, context.Time.GetUtcNow());
        TopicSelection[]? topics = parsed.GetValue(_options.AllTopics) ? null : Selections(parsed);
        var resetter = new OffsetResetter(groups, offsets, context.Error);
        var table = new TextTable("GROUP", "TOPIC", "PARTITION", "NEW-OFFSET");
        int exitCode = await EachAsync(
            parsed,
            context,
            groups,
            async group =>
            {
                foreach ((TopicPartition partition, long offset) in await resetter.ResetAsync(group, topics, target, execute, cancellation))
                    table.Add(group, partition.Topic, Text(partition.Partition), Text(offset));
            },
            cancellation);
        table.Write(context.Out);
        if (!execute) context.Error.WriteLine("kbroker: nothing is set: give --execute to do it");
        return exitCode;
    }

    /// <summary>Does something for each group; what fails for one does not keep the others from it.</summary>
    private async Task<int> EachAsync(
        ParseResult parsed, CliContext context, GroupClient groups, Func<string, Task> action, CancellationToken cancellation)
    {
        IReadOnlyList<string> names = parsed.GetValue(_options.AllGroups)
            ? [.. (await groups.ListAsync([], [], cancellation)).Select(group => group.Id)]
            : _options.Groups(parsed);
        int exitCode = ExitCodes.Success;
        for (int i = 0; i < names.Count; i++)
        {
            try
            {
                await action(names[i]);
            }
            catch (Exception e) when (names.Count > 1 && e is ClientException or CliException)
            {
                context.Error.WriteLine($"kbroker: {e.Message}");
                exitCode = ExitCodes.Failure;
            }

            if (i < names.Count - 1 && _options.Action(parsed) == GroupsAction.Describe) context.Out.WriteLine();
        }

        return exitCode;
    }

    private TopicSelection[] Selections(ParseResult parsed) => [.. parsed.GetValue(_options.Topics)!.Select(topic => TopicSelection.Parse(topic, out _)!)];

    // Brokers name types in lower case, states not.
    private static string Capitalized(string word) => word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..];

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
