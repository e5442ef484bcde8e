using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// InitProducerId (key 22): an id and an epoch for a producer that wants its writes to count once, or in transactions.
/// </summary>
/// <remarks>
/// Versions 0-5. v1: throttle time after the answer is sent. v2: flexible. v3: the id and epoch the producer has had (KIP-360). v4:
/// PRODUCER_FENCED instead of INVALID_PRODUCER_EPOCH (KIP-588). v5: transactions version 2 (KIP-890). Version 6, for two-phase commits of
/// other systems (KIP-939), is not settled in Kafka and not served.
/// </remarks>
public sealed class InitProducerIdHandler : ApiHandler<InitProducerIdRequest>
{
    private const short KnowsFencedFrom = 4;

    private readonly TransactionCoordinator _transactions;

    /// <param name="transactions">The transactional ids here.</param>
    public InitProducerIdHandler(TransactionCoordinator transactions)
        : base(ApiKey.InitProducerId, InitProducerIdRequest.LowestVersion, ApiKeys.Get(ApiKey.InitProducerId).HighestStableVersion)
    {
        _transactions = transactions;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, InitProducerIdRequest request)
    {
        // Half an identity is none.
        if (request.ProducerId < 0 != request.ProducerEpoch < 0)
            return new(PendingResponse.Ready(Answer(ErrorCode.InvalidRequest, ProducerIdentity.None)));
        return new(PendingResponse.From(AnswerAsync(request, context.ApiVersion)));
    }

    private async ValueTask<IApiMessage> AnswerAsync(InitProducerIdRequest request, short version)
    {
        ProducerIdentity? expected = request.ProducerId < 0 ? null : new ProducerIdentity(request.ProducerId, request.ProducerEpoch);
        (ErrorCode error, ProducerIdentity producer) = await _transactions
            .InitializeProducerAsync(request.TransactionalId, request.TransactionTimeoutMs, expected).ConfigureAwait(false);
        return Answer(ProducerErrors.For(error, version, KnowsFencedFrom), producer);
    }

    private static InitProducerIdResponse Answer(ErrorCode error, ProducerIdentity producer) =>
        new() { ErrorCode = error, ProducerId = producer.Id, ProducerEpoch = producer.Epoch };
}
