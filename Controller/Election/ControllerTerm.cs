using KBroker.Controller.Coordination;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Election;

/// <summary>One term as controller, from the election to the first write that finds a newer one.</summary>
/// <param name="Epoch">The controller epoch.</param>
/// <param name="EpochVersion">The version of <c>/controller_epoch</c> that every write of the term is conditional on.</param>
internal sealed record ControllerTerm(ControllerEpoch Epoch, int EpochVersion)
{
    /// <summary>The condition that every write starts with.</summary>
    public CoordinationOperation Fence => new CoordinationOperation.Check(Znodes.ControllerEpoch, EpochVersion);
}
