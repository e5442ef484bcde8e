using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// InitProducerId (key 22): an id and an epoch for a producer that wants its writes to count once.
/// </summary>
/// <remarks>
/// Versions 0-5. v1: throttle time after the answer is sent. v2: flexible. v3: the id and epoch the producer has had (KIP-360). v4:
/// PRODUCER_FENCED instead of INVALID_PRODUCER_EPOCH (KIP-588). v5: transactions version 2 (KIP-890). Version 6, for two-phase commits of
/// other systems (KIP-939), is not settled in Kafka and not served.
/// A producer without a transactional id gets a new id whatever it had before: that is how it recovers when a sequence is lost.
/// </remarks>
public sealed class InitProducerIdHandler : ApiHandler<InitProducerIdRequest>
{
    private readonly ProducerIds _ids;

    /// <param name="ids">The ids that this broker gives out.</param>
    public InitProducerIdHandler(ProducerIds ids)
        : base(ApiKey.InitProducerId, InitProducerIdRequest.LowestVersion, ApiKeys.Get(ApiKey.InitProducerId).HighestStableVersion)
    {
        _ids = ids;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, InitProducerIdRequest request)
    {
        // Half an identity is none.
        if (request.ProducerId < 0 != request.ProducerEpoch < 0) return new(Failed(ErrorCode.InvalidRequest));
        if (request.TransactionalId is not null) return new(Failed(ErrorCode.CoordinatorNotAvailable));
        if (_ids.TryTake(out long producerId)) return new(PendingResponse.Ready(new InitProducerIdResponse { ProducerId = producerId, ProducerEpoch = 0 }));
        return new(PendingResponse.Later(TakeAsync()));
    }

    private async Task<IApiMessage> TakeAsync() => await _ids.TakeAsync().ConfigureAwait(false) is { } producerId
        ? new InitProducerIdResponse { ProducerId = producerId, ProducerEpoch = 0 }
        : Refusal(ErrorCode.CoordinatorLoadInProgress);

    private static PendingResponse Failed(ErrorCode error) => PendingResponse.Ready(Refusal(error));

    private static InitProducerIdResponse Refusal(ErrorCode error) => new() { ErrorCode = error, ProducerId = -1, ProducerEpoch = -1 };
}
