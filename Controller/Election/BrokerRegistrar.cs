using KBroker.Controller.Coordination;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Election;

/// <summary>Registers a broker under <c>/brokers/ids</c>, for as long as its session lasts.</summary>
internal sealed class BrokerRegistrar(ICoordinationSession session, BrokerId id, TimeProvider time)
{
    public async ValueTask<RegisterBrokerResult> RegisterAsync(IReadOnlyList<BrokerEndpoint> endpoints, string? rack)
    {
        await session.EnsurePathAsync(Znodes.BrokerIds);
        string path = Znodes.Broker(id);
        byte[] data = BrokerZnode.Encode(endpoints, rack, time.GetUtcNow());
        OperationResult created = await session.CreateAsync(path, data, CreateMode.Ephemeral);
        if (created.Status == CoordinationStatus.NodeExists)
        {
            CoordinationResult<NodeStat> present = await session.ExistsAsync(path);
            if (present.IsOk && present.Value.EphemeralOwner != session.SessionId)
            {
                return new RegisterBrokerResult(ErrorCode.DuplicateBrokerRegistration, new BrokerEpoch(-1));
            }

            // The same incarnation with other endpoints, or the create of a connection that was lost.
            created = await session.SetDataAsync(path, data);
        }

        return created.Status == CoordinationStatus.Ok
            ? new RegisterBrokerResult(ErrorCode.None, new BrokerEpoch(created.Stat.CreationId))
            : new RegisterBrokerResult(ErrorCode.BrokerNotAvailable, new BrokerEpoch(-1));
    }
}
