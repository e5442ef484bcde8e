using KBroker.Broker.Configuration;
using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Broker.Metadata;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// AddOffsetsToTxn (key 25): a producer is about to commit a group's offsets in its transaction. Adds the group's partition of
/// <c>__consumer_offsets</c>, and makes that topic if nobody has needed it yet.
/// </summary>
/// <remarks>
/// Versions 0-4. v1: throttle time after the answer is sent. v2: PRODUCER_FENCED instead of INVALID_PRODUCER_EPOCH (KIP-588). v3:
/// flexible. v4: TRANSACTION_ABORTABLE is understood (KIP-890). Producers of the second transaction protocol do without it.
/// </remarks>
public sealed class AddOffsetsToTxnHandler : ApiHandler<AddOffsetsToTxnRequest>
{
    private const short KnowsFencedFrom = 2;

    private readonly TransactionCoordinator _transactions;
    private readonly MetadataFeed _metadata;
    private readonly InternalTopicCreator _creator;
    private readonly Func<BrokerConfig> _config;

    /// <param name="transactions">The transactional ids here.</param>
    /// <param name="metadata">The cluster.</param>
    /// <param name="creator">Makes the topic.</param>
    /// <param name="config">The configuration now in force.</param>
    public AddOffsetsToTxnHandler(TransactionCoordinator transactions, MetadataFeed metadata, InternalTopicCreator creator, Func<BrokerConfig> config)
        : base(ApiKey.AddOffsetsToTxn, AddOffsetsToTxnRequest.LowestVersion, ApiKeys.Get(ApiKey.AddOffsetsToTxn).HighestStableVersion)
    {
        _transactions = transactions;
        _metadata = metadata;
        _creator = creator;
        _config = config;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, AddOffsetsToTxnRequest request) =>
        new(PendingResponse.From(AnswerAsync(request, context.ApiVersion)));

    private async ValueTask<IApiMessage> AnswerAsync(AddOffsetsToTxnRequest request, short version)
    {
        ErrorCode error = await AddAsync(request).ConfigureAwait(false);
        return new AddOffsetsToTxnResponse { ErrorCode = ProducerErrors.For(error, version, KnowsFencedFrom) };
    }

    private async Task<ErrorCode> AddAsync(AddOffsetsToTxnRequest request)
    {
        InternalTopicSpec offsets = _config().Groups.OffsetsTopic;
        if (!_metadata.Current.TryGetTopic(offsets.Name, out TopicImage? topic))
        {
            ErrorCode error = await _creator.EnsureAsync(offsets).ConfigureAwait(false);
            if (error != ErrorCode.None || !_metadata.Current.TryGetTopic(offsets.Name, out topic)) return ErrorCode.CoordinatorNotAvailable;
        }

        return await _transactions.AddPartitionsAsync(
            request.TransactionalId,
            new ProducerIdentity(request.ProducerId, request.ProducerEpoch),
            [new TopicPartition(offsets.Name, CoordinatorKey.PartitionFor(request.GroupId, topic.Partitions.Length))],
            TransactionProtocol.First).ConfigureAwait(false);
    }
}
