using System.CommandLine;
using System.Text.RegularExpressions;
using KBroker.Cli.Client;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using Topic = KBroker.Protocol.Messages.MetadataResponse.MetadataResponseTopic;

namespace KBroker.Cli.Commands;

/// <summary><c>kbroker topics</c>: what kafka-topics does, with its flags and its output.</summary>
public sealed class TopicsCommand : ClientCommand
{
    private const string Notes =
        """
        Examples:
          kbroker topics --create --topic orders --partitions 3 --config retention.ms=86400000
          kbroker topics --list
          kbroker topics --describe --topic orders
          kbroker topics --alter --topic orders --partitions 6
          kbroker topics --delete --topic orders --bootstrap-server broker1:9092
        """;

    private readonly TopicsOptions _options = new();

    /// <inheritdoc/>
    public override Command Build(CliContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var command = new DocumentedCommand("topics", "Create, list, describe, change and delete topics", Notes);
        _options.AddTo(command);
        RequireOne(command, _options.Create, _options.List, _options.Describe, _options.Alter, _options.Delete);
        SetAction(command, context, async (parsed, cancellation) =>
        {
            ClientProperties properties = _options.Connection.Properties(parsed);
            await using ClusterClient cluster = _options.Connection.Connect(parsed, context, properties, "kbroker-topics");
            var admin = new AdminClient(cluster);
            if (parsed.GetValue(_options.Create)) await CreateAsync(parsed, context, admin, cluster, cancellation);
            else if (parsed.GetValue(_options.List)) await ListAsync(parsed, context, admin, cancellation);
            else if (parsed.GetValue(_options.Describe)) await DescribeAsync(parsed, context, admin, cancellation);
            else if (parsed.GetValue(_options.Alter)) await AlterAsync(parsed, admin, cancellation);
            else await DeleteAsync(parsed, admin, cancellation);
            return ExitCodes.Success;
        });
        return command;
    }

    private async Task CreateAsync(
        ParseResult parsed, CliContext context, AdminClient admin, ClusterClient cluster, CancellationToken cancellation)
    {
        string name = parsed.GetValue(_options.Topic)!;
        if (name.AsSpan().ContainsAny('.', '_'))
            context.Out.WriteLine("WARNING: metric names cannot tell '.' and '_' apart; it is best to use only one of them in topic names.");
        int[][]? assignment = Assignment(parsed);
        BrokerConnection broker = await cluster.AnyBrokerAsync(cancellation);
        // Before version 4 a request cannot leave the two numbers to the broker (KIP-464).
        int absent = assignment is not null || broker.Versions.Highest(ApiKey.CreateTopics) >= 4 ? -1 : 1;
        var topic = new CreateTopicsRequest.CreatableTopic
        {
            Name = name,
            NumPartitions = parsed.GetValue(_options.Partitions) ?? absent,
            ReplicationFactor = (short)(parsed.GetValue(_options.ReplicationFactor) ?? absent),
            Assignments = assignment is null ? [] : [.. assignment.Select((brokers, partition) =>
                new CreateTopicsRequest.CreatableReplicaAssignment { PartitionIndex = partition, BrokerIds = brokers })],
            Configs = [.. KeyValueOption.Pairs(parsed.GetValue(_options.Config))
                .Select(pair => new CreateTopicsRequest.CreatableTopicConfig { Name = pair.Name, Value = pair.Value.Trim() })],
        };
        CreateTopicsResponse.CreatableTopicResult result = await admin.CreateTopicAsync(topic, cancellation);
        if (result.ErrorCode == ErrorCode.TopicAlreadyExists && parsed.GetValue(_options.IfNotExists)) return;
        if (result.ErrorCode != ErrorCode.None) throw ClientException.Of(result.ErrorCode, result.ErrorMessage, $"Topic '{name}' is not created");
        context.Out.WriteLine($"Created topic {name}.");
    }

    private async Task ListAsync(ParseResult parsed, CliContext context, AdminClient admin, CancellationToken cancellation)
    {
        foreach (Topic topic in await SelectAsync(parsed, admin, cancellation)) context.Out.WriteLine(topic.Name);
    }

    private async Task DescribeAsync(ParseResult parsed, CliContext context, AdminClient admin, CancellationToken cancellation)
    {
        MetadataResponse metadata = await admin.MetadataAsync(cancellation);
        List<Topic> topics = Matching(parsed, metadata.Topics);
        if (!FoundOrFine(parsed, topics)) return;
        Topic? unreadable = topics.FirstOrDefault(topic => topic.ErrorCode is not (ErrorCode.None or ErrorCode.LeaderNotAvailable));
        if (unreadable is not null) throw ClientException.Of(unreadable.ErrorCode, null, $"Topic '{unreadable.Name}'");
        var configs = await admin.DescribeConfigsAsync(
            AdminClient.TopicResource, [.. topics.Select(topic => topic.Name!)], withSynonyms: false, cancellation);
        var view = new TopicDescription(context.Out, metadata.Brokers)
        {
            UnderReplicated = parsed.GetValue(_options.UnderReplicated),
            Unavailable = parsed.GetValue(_options.Unavailable),
            UnderMinIsr = parsed.GetValue(_options.UnderMinIsr),
            AtMinIsr = parsed.GetValue(_options.AtMinIsr),
            WithOverrides = parsed.GetValue(_options.WithOverrides),
        };
        for (int i = 0; i < topics.Count; i++) view.Write(topics[i], configs[i]);
    }

    private async Task AlterAsync(ParseResult parsed, AdminClient admin, CancellationToken cancellation)
    {
        List<Topic> topics = await SelectAsync(parsed, admin, cancellation);
        if (!FoundOrFine(parsed, topics)) return;
        int[][]? assignment = Assignment(parsed);
        var results = await admin.CreatePartitionsAsync(
            [.. topics.Select(topic => new CreatePartitionsRequest.CreatePartitionsTopic
            {
                Name = topic.Name!,
                Count = parsed.GetValue(_options.Partitions)!.Value,
                // The option places all partitions, the request only the new ones.
                Assignments = assignment is null ? null : [.. assignment.Skip(topic.Partitions.Length)
                    .Select(brokers => new CreatePartitionsRequest.CreatePartitionsAssignment { BrokerIds = brokers })],
            })],
            cancellation);
        foreach (var result in results)
            if (result.ErrorCode != ErrorCode.None) throw ClientException.Of(result.ErrorCode, result.ErrorMessage, $"Topic '{result.Name}' is not changed");
    }

    private async Task DeleteAsync(ParseResult parsed, AdminClient admin, CancellationToken cancellation)
    {
        List<Topic> topics = await SelectAsync(parsed, admin, cancellation);
        if (!FoundOrFine(parsed, topics)) return;
        var results = await admin.DeleteTopicsAsync([.. topics.Select(topic => topic.Name!)], cancellation);
        foreach (var result in results)
            if (result.ErrorCode != ErrorCode.None) throw ClientException.Of(result.ErrorCode, result.ErrorMessage, $"Topic '{result.Name}' is not deleted");
    }

    private async Task<List<Topic>> SelectAsync(ParseResult parsed, AdminClient admin, CancellationToken cancellation) =>
        Matching(parsed, [.. await admin.ListTopicsAsync(cancellation)]);

    private List<Topic> Matching(ParseResult parsed, Topic[] all)
    {
        Regex? pattern = TopicPattern.Parse(parsed.GetValue(_options.Topic));
        bool withInternal = !parsed.GetValue(_options.ExcludeInternal);
        return [.. all
            .Where(topic => topic.Name is not null && (withInternal || !topic.IsInternal) && pattern?.IsMatch(topic.Name) != false)
            .OrderBy(topic => topic.Name, StringComparer.Ordinal)];
    }

    /// <summary>False when there is nothing to do and that is fine.</summary>
    private bool FoundOrFine(ParseResult parsed, List<Topic> topics)
    {
        if (topics.Count > 0) return true;
        string? name = parsed.GetValue(_options.Topic);
        if (name is null || parsed.GetValue(_options.IfExists)) return false;
        throw new CliException($"Topic '{name}' does not exist as expected");
    }

    private int[][]? Assignment(ParseResult parsed) =>
        parsed.GetValue(_options.ReplicaAssignment) is { } text ? ReplicaAssignment.Parse(text, out _) : null;
}
