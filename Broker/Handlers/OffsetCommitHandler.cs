using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// OffsetCommit (key 8): a group remembers how far it has read.
/// </summary>
/// <remarks>
/// Versions 0-10. v0: Kafka kept these in ZooKeeper; here they are the group's as all others. v1: the member and its generation, and
/// a timestamp. v2-4: a retention time instead. v6: leader epochs (KIP-320). v7: static members (KIP-345). v8: flexible. v9: member
/// epochs of the consumer protocol, STALE_MEMBER_EPOCH, GROUP_ID_NOT_FOUND (KIP-848). v10: topics by id (KIP-848). Offsets of topics that do not exist
/// are refused.
/// </remarks>
public sealed class OffsetCommitHandler : ApiHandler<OffsetCommitRequest>
{
    private const short IdsFrom = 10;
    private const short TellsMissingGroupFrom = 9;

    private readonly GroupCoordinator _groups;
    private readonly MetadataFeed _metadata;

    /// <param name="groups">The groups here.</param>
    /// <param name="metadata">The topics.</param>
    public OffsetCommitHandler(GroupCoordinator groups, MetadataFeed metadata)
        : base(ApiKey.OffsetCommit, OffsetCommitRequest.LowestVersion, OffsetCommitRequest.HighestVersion)
    {
        _groups = groups;
        _metadata = metadata;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, OffsetCommitRequest request)
    {
        bool byId = context.ApiVersion >= IdsFrom;
        ClusterMetadataImage image = _metadata.Current;
        var offsets = new List<OffsetToCommit>();
        var answers = new List<OffsetCommitResponse.OffsetCommitResponsePartition>();
        var topics = new OffsetCommitResponse.OffsetCommitResponseTopic[request.Topics.Length];
        for (int i = 0; i < topics.Length; i++)
        {
            OffsetCommitRequest.OffsetCommitRequestTopic topic = request.Topics[i];
            TopicImage? known = byId
                ? image.TryGetTopic(topic.TopicId, out TopicImage? withId) ? withId : null
                : image.TryGetTopic(topic.Name, out TopicImage? named) ? named : null;
            var partitions = new OffsetCommitResponse.OffsetCommitResponsePartition[topic.Partitions.Length];
            for (int j = 0; j < partitions.Length; j++)
            {
                OffsetCommitRequest.OffsetCommitRequestPartition partition = topic.Partitions[j];
                partitions[j] = new OffsetCommitResponse.OffsetCommitResponsePartition { PartitionIndex = partition.PartitionIndex };
                if (known is null)
                {
                    partitions[j].ErrorCode = byId ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition;
                    continue;
                }

                answers.Add(partitions[j]);
                offsets.Add(new OffsetToCommit(
                    new OffsetKey(known.Name, partition.PartitionIndex),
                    partition.CommittedOffset,
                    partition.CommittedLeaderEpoch,
                    partition.CommittedMetadata ?? "",
                    partition.CommitTimestamp));
            }

            topics[i] = new OffsetCommitResponse.OffsetCommitResponseTopic { Name = topic.Name, TopicId = topic.TopicId, Partitions = partitions };
        }

        var response = new OffsetCommitResponse { Topics = topics };
        if (offsets.Count == 0) return ValueTask.FromResult(PendingResponse.Ready(response));
        var committer = new OffsetCommitter(request.MemberId, request.GroupInstanceId, request.GenerationIdOrMemberEpoch, context.ApiVersion >= TellsMissingGroupFrom);
        Task<ErrorCode[]> errors = _groups.CommitAsync(request.GroupId, committer, request.RetentionTimeMs, offsets);
        return ValueTask.FromResult(PendingResponse.From(AnswerAsync(response, answers, errors, context.ApiVersion)));
    }

    private static async ValueTask<IApiMessage> AnswerAsync(
        OffsetCommitResponse response, List<OffsetCommitResponse.OffsetCommitResponsePartition> answers, Task<ErrorCode[]> asked, short version)
    {
        ErrorCode[] errors = await asked.ConfigureAwait(false);
        for (int i = 0; i < errors.Length; i++)
        {
            answers[i].ErrorCode = errors[i] == ErrorCode.GroupIdNotFound && version < TellsMissingGroupFrom ? ErrorCode.IllegalGeneration : errors[i];
        }

        return response;
    }
}
