using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Producing;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// TxnOffsetCommit (key 28): a group remembers how far it has read once a producer's transaction is committed (KIP-98).
/// </summary>
/// <remarks>
/// Versions 0-6. v2: leader epochs (KIP-320); older ones hear COORDINATOR_NOT_AVAILABLE while the coordinator loads. v3: flexible, the
/// member and its generation (KIP-447). v4: TRANSACTION_ABORTABLE, v5: the second transaction protocol, in which the group's partition
/// becomes a part of the transaction (KIP-890). v6: topics by id; GROUP_ID_NOT_FOUND and STALE_MEMBER_EPOCH, which older ones hear as
/// ILLEGAL_GENERATION (KIP-1319).
/// </remarks>
public sealed class TxnOffsetCommitHandler : ApiHandler<TxnOffsetCommitRequest>
{
    private const short KnowsLoadingFrom = 2;
    private const short IdsFrom = 6;
    private const short KnowsMemberEpochsFrom = 6;

    private readonly TransactionalOffsets _offsets;
    private readonly MetadataFeed _metadata;

    /// <param name="offsets">Commits them.</param>
    /// <param name="metadata">The topics.</param>
    public TxnOffsetCommitHandler(TransactionalOffsets offsets, MetadataFeed metadata)
        : base(ApiKey.TxnOffsetCommit, TxnOffsetCommitRequest.LowestVersion, TxnOffsetCommitRequest.HighestVersion)
    {
        _offsets = offsets;
        _metadata = metadata;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, TxnOffsetCommitRequest request)
    {
        bool byId = context.ApiVersion >= IdsFrom;
        ClusterMetadataImage image = _metadata.Current;
        var offsets = new List<OffsetToCommit>();
        var answers = new List<TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition>();
        var topics = new TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic[request.Topics.Length];
        for (int i = 0; i < topics.Length; i++)
        {
            TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic topic = request.Topics[i];
            string? name = !byId ? topic.Name : image.TryGetTopic(topic.TopicId, out TopicImage? known) ? known.Name : null;
            var partitions = new TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition[topic.Partitions.Length];
            for (int j = 0; j < partitions.Length; j++)
            {
                TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition partition = topic.Partitions[j];
                partitions[j] = new TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition { PartitionIndex = partition.PartitionIndex };
                if (name is null || !image.TryGetPartition(name, partition.PartitionIndex, out _))
                {
                    partitions[j].ErrorCode = name is null ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition;
                    continue;
                }

                answers.Add(partitions[j]);
                offsets.Add(new OffsetToCommit(
                    new OffsetKey(name, partition.PartitionIndex), partition.CommittedOffset, partition.CommittedLeaderEpoch, partition.CommittedMetadata ?? ""));
            }

            topics[i] = new TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic { Name = topic.Name, TopicId = topic.TopicId, Partitions = partitions };
        }

        var response = new TxnOffsetCommitResponse { Topics = topics };
        if (offsets.Count == 0) return ValueTask.FromResult(PendingResponse.Ready(response));
        Task<ErrorCode[]> errors = _offsets.CommitAsync(
            request.TransactionalId,
            new TransactionalProducer(request.ProducerId, request.ProducerEpoch),
            TransactionalClient.OfTxnOffsetCommit(context.ApiVersion),
            request.GroupId,
            new OffsetCommitter(
                request.MemberId, request.GroupInstanceId, request.GenerationIdOrMemberEpoch, KnowsMemberEpochs: context.ApiVersion >= KnowsMemberEpochsFrom),
            offsets);
        return ValueTask.FromResult(PendingResponse.From(AnswerAsync(response, answers, errors, context.ApiVersion)));
    }

    private static async ValueTask<IApiMessage> AnswerAsync(
        TxnOffsetCommitResponse response, List<TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition> answers, Task<ErrorCode[]> asked, short version)
    {
        ErrorCode[] errors = await asked.ConfigureAwait(false);
        for (int i = 0; i < errors.Length; i++) answers[i].ErrorCode = ForVersion(errors[i], version);
        return response;
    }

    private static ErrorCode ForVersion(ErrorCode error, short version) => error switch
    {
        ErrorCode.CoordinatorLoadInProgress when version < KnowsLoadingFrom => ErrorCode.CoordinatorNotAvailable,
        ErrorCode.GroupIdNotFound or ErrorCode.StaleMemberEpoch when version < KnowsMemberEpochsFrom => ErrorCode.IllegalGeneration,
        _ => error,
    };
}
