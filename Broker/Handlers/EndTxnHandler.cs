using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// EndTxn (key 26): commits or aborts a producer's transaction. Answered once the decision is committed; its partitions are told then.
/// </summary>
/// <remarks>
/// Versions 0-5. v1: throttle time after the answer is sent. v2: PRODUCER_FENCED instead of INVALID_PRODUCER_EPOCH (KIP-588). v3:
/// flexible. v4: TRANSACTION_ABORTABLE is understood. v5: transactions version 2: the epoch is raised, and the answer tells it (KIP-890).
/// </remarks>
public sealed class EndTxnHandler : ApiHandler<EndTxnRequest>
{
    private const short KnowsFencedFrom = 2;
    private const short RaisesEpochFrom = 5;

    private readonly TransactionCoordinator _transactions;

    /// <param name="transactions">The transactional ids here.</param>
    public EndTxnHandler(TransactionCoordinator transactions)
        : base(ApiKey.EndTxn, EndTxnRequest.LowestVersion, ApiKeys.Get(ApiKey.EndTxn).HighestStableVersion)
    {
        _transactions = transactions;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, EndTxnRequest request) =>
        new(PendingResponse.From(AnswerAsync(request, context.ApiVersion)));

    private async ValueTask<IApiMessage> AnswerAsync(EndTxnRequest request, short version)
    {
        (ErrorCode error, ProducerIdentity producer) = await _transactions.EndTransactionAsync(
            request.TransactionalId,
            new ProducerIdentity(request.ProducerId, request.ProducerEpoch),
            request.Committed,
            version >= RaisesEpochFrom ? TransactionProtocol.Second : TransactionProtocol.First).ConfigureAwait(false);
        return new EndTxnResponse
        {
            ErrorCode = ProducerErrors.For(error, version, KnowsFencedFrom),
            ProducerId = producer.Id,
            ProducerEpoch = producer.Epoch,
        };
    }
}
