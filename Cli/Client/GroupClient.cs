using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Cli.Client;

/// <summary>Lists, describes, changes and deletes groups and their offsets. Every failure is a <see cref="ClientException"/>.</summary>
public sealed class GroupClient(ClusterClient cluster)
{
    private const string ConsumerProtocolType = "consumer";

    private readonly CoordinatorClient _coordinators = new(cluster, CoordinatorClient.Group);

    /// <summary>The groups of all brokers, by id.</summary>
    /// <param name="states">The states to keep; none for all.</param>
    /// <param name="types">The types to keep; none for all.</param>
    /// <param name="cancellation">Ends it early.</param>
    public async Task<IReadOnlyList<GroupListing>> ListAsync(
        IReadOnlyList<string> states, IReadOnlyList<string> types, CancellationToken cancellation)
    {
        MetadataResponse metadata = await new AdminClient(cluster).MetadataAsync(cancellation);
        var groups = new Dictionary<string, GroupListing>(StringComparer.Ordinal);
        foreach (int id in metadata.Brokers.Select(broker => broker.NodeId))
        {
            BrokerConnection broker = await cluster.BrokerAsync(id, cancellation);
            short version = broker.Versions.Highest(ApiKey.ListGroups);
            if (version < 4 && states.Count > 0) throw Old(broker, "the states of groups");
            if (version < 5 && types.Count > 0) throw Old(broker, "the types of groups");
            var request = new ListGroupsRequest { StatesFilter = [.. states], TypesFilter = [.. types] };
            ListGroupsResponse response = await broker.SendAsync<ListGroupsResponse>(request, cancellation);
            if (response.ErrorCode != ErrorCode.None) throw ClientException.Of(response.ErrorCode, null, $"Broker {id} does not list its groups");
            foreach (ListGroupsResponse.ListedGroup group in response.Groups)
                groups.TryAdd(group.GroupId, new GroupListing(group.GroupId, group.ProtocolType, group.GroupState, group.GroupType));
        }

        return [.. groups.Values.OrderBy(group => group.Id, StringComparer.Ordinal)];
    }

    /// <summary>A group with its members, of either protocol; one that does not exist is dead.</summary>
    public async Task<GroupView> DescribeAsync(string group, CancellationToken cancellation)
    {
        (_, BrokerConnection coordinator) = await FindAsync(group, cancellation);
        if (coordinator.Versions.Highest(ApiKey.ConsumerGroupDescribe) >= 0
            && await DescribeConsumerAsync(group, cancellation) is { } described) return described;
        return await DescribeClassicAsync(group, cancellation);
    }

    /// <summary>The coordinator of a group.</summary>
    public async Task<(int Id, BrokerEndpoint Endpoint)> CoordinatorAsync(string group, CancellationToken cancellation)
    {
        (int id, BrokerConnection connection) = await FindAsync(group, cancellation);
        return (id, connection.Endpoint);
    }

    /// <summary>What a group has committed.</summary>
    public async Task<IReadOnlyDictionary<TopicPartition, CommittedPosition>> CommittedAsync(string group, CancellationToken cancellation)
    {
        OffsetFetchResponse response = await _coordinators.CallAsync<OffsetFetchResponse>(
            group,
            new OffsetFetchRequest { GroupId = group, Topics = null },
            static answer => answer.ErrorCode,
            cancellation,
            // Above, a request is for several groups, and then for topics by id.
            atMost: 7);
        if (response.ErrorCode != ErrorCode.None) throw ClientException.Of(response.ErrorCode, null, $"Cannot read the offsets of group '{group}'");
        var committed = new Dictionary<TopicPartition, CommittedPosition>();
        foreach (OffsetFetchResponse.OffsetFetchResponseTopic topic in response.Topics)
        {
            foreach (OffsetFetchResponse.OffsetFetchResponsePartition one in topic.Partitions)
            {
                var partition = new TopicPartition(topic.Name, one.PartitionIndex);
                if (one.ErrorCode != ErrorCode.None) throw ClientException.Of(one.ErrorCode, null, $"Cannot read the offset of group '{group}' in {partition}");
                if (one.CommittedOffset >= 0) committed[partition] = new CommittedPosition(one.CommittedOffset, one.CommittedLeaderEpoch, one.Metadata ?? "");
            }
        }

        return committed;
    }

    /// <summary>Commits offsets for a group that has no members.</summary>
    /// <returns>What was refused, by partition.</returns>
    public async Task<IReadOnlyDictionary<TopicPartition, ErrorCode>> CommitAsync(
        string group, IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellation)
    {
        var request = new OffsetCommitRequest
        {
            GroupId = group,
            GenerationIdOrMemberEpoch = -1,
            MemberId = "",
            RetentionTimeMs = -1,
            Topics =
            [
                .. offsets.GroupBy(one => one.Key.Topic).Select(topic => new OffsetCommitRequest.OffsetCommitRequestTopic
                {
                    Name = topic.Key,
                    Partitions = [.. topic.Select(one => new OffsetCommitRequest.OffsetCommitRequestPartition
                    {
                        PartitionIndex = one.Key.Partition,
                        CommittedOffset = one.Value,
                        CommittedLeaderEpoch = -1,
                        CommittedMetadata = "",
                    })],
                }),
            ],
        };
        OffsetCommitResponse response = await _coordinators.CallAsync<OffsetCommitResponse>(
            group,
            request,
            static answer => answer.Topics.SelectMany(topic => topic.Partitions).Select(partition => partition.ErrorCode).FirstOrDefault(),
            cancellation,
            // Above, topics are named by id.
            atMost: 9);
        return response.Topics
            .SelectMany(topic => topic.Partitions.Select(partition => (Partition: new TopicPartition(topic.Name, partition.PartitionIndex), partition.ErrorCode)))
            .Where(one => one.ErrorCode != ErrorCode.None)
            .ToDictionary(one => one.Partition, one => one.ErrorCode);
    }

    /// <summary>Deletes a group with its offsets.</summary>
    public async Task DeleteAsync(string group, CancellationToken cancellation)
    {
        DeleteGroupsResponse response = await _coordinators.CallAsync<DeleteGroupsResponse>(
            group,
            new DeleteGroupsRequest { GroupsNames = [group] },
            static answer => answer.Results.Select(result => result.ErrorCode).FirstOrDefault(),
            cancellation);
        DeleteGroupsResponse.DeletableGroupResult? result = response.Results.FirstOrDefault();
        if (result is null) throw new ClientException($"The broker does not say what became of group '{group}'");
        if (result.ErrorCode != ErrorCode.None) throw ClientException.Of(result.ErrorCode, result.ErrorMessage, $"Group '{group}' is not deleted");
    }

    /// <summary>Forgets offsets that no member of the group reads.</summary>
    /// <returns>What became of each partition.</returns>
    public async Task<IReadOnlyDictionary<TopicPartition, ErrorCode>> DeleteOffsetsAsync(
        string group, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        var request = new OffsetDeleteRequest
        {
            GroupId = group,
            Topics =
            [
                .. partitions.GroupBy(one => one.Topic).Select(topic => new OffsetDeleteRequest.OffsetDeleteRequestTopic
                {
                    Name = topic.Key,
                    Partitions = [.. topic.Select(one => new OffsetDeleteRequest.OffsetDeleteRequestPartition { PartitionIndex = one.Partition })],
                }),
            ],
        };
        OffsetDeleteResponse response = await _coordinators.CallAsync<OffsetDeleteResponse>(group, request, static answer => answer.ErrorCode, cancellation);
        if (response.ErrorCode != ErrorCode.None) throw ClientException.Of(response.ErrorCode, null, $"Offsets of group '{group}' are not deleted");
        return response.Topics
            .SelectMany(topic => topic.Partitions.Select(partition => (Partition: new TopicPartition(topic.Name, partition.PartitionIndex), partition.ErrorCode)))
            .ToDictionary(one => one.Partition, one => one.ErrorCode);
    }

    private async Task<(int Id, BrokerConnection Connection)> FindAsync(string group, CancellationToken cancellation)
    {
        var backoff = new RetryBackoff(cluster.Options, cluster.Options.ApiTimeout);
        while (true)
        {
            try
            {
                return await _coordinators.FindAsync(group, cancellation);
            }
            catch (ClientException e) when (e.IsRetriable && !backoff.IsExhausted)
            {
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    /// <summary>Null when the group is not one of the consumer protocol.</summary>
    private async Task<GroupView?> DescribeConsumerAsync(string group, CancellationToken cancellation)
    {
        ConsumerGroupDescribeResponse response = await _coordinators.CallAsync<ConsumerGroupDescribeResponse>(
            group,
            new ConsumerGroupDescribeRequest { GroupIds = [group] },
            static answer => answer.Groups.Select(one => one.ErrorCode).FirstOrDefault(),
            cancellation);
        ConsumerGroupDescribeResponse.DescribedGroup? described = response.Groups.FirstOrDefault();
        if (described is null || described.ErrorCode is ErrorCode.GroupIdNotFound or ErrorCode.UnsupportedVersion) return null;
        if (described.ErrorCode != ErrorCode.None) throw ClientException.Of(described.ErrorCode, described.ErrorMessage, $"Cannot describe group '{group}'");
        return new GroupView(
            group,
            described.GroupState,
            "Consumer",
            described.AssignorName,
            [
                .. described.Members.Select(member => new GroupMemberView(member.MemberId, member.InstanceId, member.ClientId, member.ClientHost, Partitions(member.Assignment))
                {
                    Epoch = member.MemberEpoch,
                    Target = Partitions(member.TargetAssignment),
                }),
            ])
        {
            Epoch = described.GroupEpoch,
            TargetEpoch = described.AssignmentEpoch,
        };
    }

    private async Task<GroupView> DescribeClassicAsync(string group, CancellationToken cancellation)
    {
        DescribeGroupsResponse response = await _coordinators.CallAsync<DescribeGroupsResponse>(
            group,
            new DescribeGroupsRequest { Groups = [group] },
            static answer => answer.Groups.Select(one => one.ErrorCode).FirstOrDefault(),
            cancellation);
        DescribeGroupsResponse.DescribedGroup? described = response.Groups.FirstOrDefault();
        if (described is null || described.ErrorCode == ErrorCode.GroupIdNotFound) return new GroupView(group, GroupView.DeadState, "Classic", "", []);
        if (described.ErrorCode != ErrorCode.None) throw ClientException.Of(described.ErrorCode, described.ErrorMessage, $"Cannot describe group '{group}'");
        bool isConsumer = described.ProtocolType is ConsumerProtocolType or "";
        return new GroupView(
            group,
            described.GroupState,
            "Classic",
            described.ProtocolData,
            [
                .. described.Members.Select(member => new GroupMemberView(
                    member.MemberId, member.GroupInstanceId, member.ClientId, member.ClientHost, isConsumer ? Partitions(member.MemberAssignment) : [])),
            ]);
    }

    private static TopicPartition[] Partitions(ConsumerGroupDescribeResponse.Assignment assignment) =>
        [.. assignment.TopicPartitions.SelectMany(topic => topic.Partitions.Select(partition => new TopicPartition(topic.TopicName, partition)))];

    // ConsumerProtocolAssignment: a version, then, in all of them, topics with their partitions. Members may send what they like.
    private static TopicPartition[] Partitions(byte[] assignment)
    {
        try
        {
            var reader = new KafkaReader(assignment);
            if (assignment.Length < sizeof(short) || reader.ReadInt16() < 0) return [];
            return
            [
                .. ConsumerProtocolAssignment.Read(ref reader, 0).AssignedPartitions
                    .SelectMany(topic => topic.Partitions.Select(partition => new TopicPartition(topic.Topic, partition))),
            ];
        }
        catch (MalformedMessageException)
        {
            return [];
        }
    }

    private static ClientException Old(BrokerConnection broker, string what) =>
        new(ErrorCode.UnsupportedVersion, $"The broker at {broker.Endpoint} is too old to tell {what}");
}
