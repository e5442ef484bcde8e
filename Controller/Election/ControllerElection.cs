using KBroker.Controller.Coordination;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Election;

/// <summary>Competes for <c>/controller</c>.</summary>
internal sealed class ControllerElection(ICoordinationSession session, BrokerId id, TimeProvider time)
{
    /// <summary>
    /// Becomes controller if there is none: creating the node and raising the epoch is one multi, so of two candidates that
    /// read the same epoch one fails.
    /// </summary>
    /// <returns>The term, or null if there is another controller.</returns>
    public async ValueTask<ControllerTerm?> TryElectAsync()
    {
        while (true)
        {
            CoordinationResult<NodeData> current = await session.GetAsync(Znodes.Controller);
            if (current.Status is not (CoordinationStatus.Ok or CoordinationStatus.NoNode)) return null;
            if (current.IsOk && current.Value.Stat.EphemeralOwner != session.SessionId) return null;

            CoordinationResult<NodeData> epochNode = await session.GetAsync(Znodes.ControllerEpoch);
            if (epochNode.Status == CoordinationStatus.NoNode)
            {
                await session.CreateAsync(Znodes.ControllerEpoch, ControllerZnode.EncodeEpoch(new ControllerEpoch(0)));
                continue;
            }

            if (!epochNode.IsOk) return null;
            var epoch = new ControllerEpoch(ControllerZnode.DecodeEpoch(epochNode.Value.Data).Value + 1);
            int version = epochNode.Value.Stat.Version;

            // A connection lost during the multi leaves the outcome open: if the node turns out to be ours, the term was
            // won, but its epoch may be unknown; starting a new term with a higher one is always right.
            List<CoordinationOperation> steps = [];
            if (current.IsOk) steps.Add(new CoordinationOperation.Delete(Znodes.Controller, current.Value.Stat.Version));
            steps.Add(new CoordinationOperation.Create(
                Znodes.Controller, ControllerZnode.Encode(id, time.GetUtcNow()), CreateMode.Ephemeral));
            steps.Add(new CoordinationOperation.SetData(Znodes.ControllerEpoch, ControllerZnode.EncodeEpoch(epoch), version));
            MultiResult result = await session.MultiAsync(steps);
            if (result.IsOk) return new ControllerTerm(epoch, version + 1);
            if (result.Status == CoordinationStatus.SessionExpired) return null;
        }
    }

    /// <summary>Gives up <c>/controller</c> if it is ours, so that a new term can begin.</summary>
    public async ValueTask ResignAsync()
    {
        CoordinationResult<NodeData> current = await session.GetAsync(Znodes.Controller);
        if (current.IsOk && current.Value.Stat.EphemeralOwner == session.SessionId)
        {
            await session.DeleteAsync(Znodes.Controller, current.Value.Stat.Version);
        }
    }
}
