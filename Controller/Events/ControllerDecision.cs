using KBroker.Controller.Coordination;
using KBroker.Controller.Metadata;

namespace KBroker.Controller.Events;

/// <summary>What follows from an event: first the writes, and if they succeed the new image, then the answer.</summary>
/// <param name="Writes">
/// In an order in which each prefix leaves a tree that a controller can load: there may be more than fit into one multi.
/// </param>
/// <param name="Delta">How the image changes.</param>
/// <param name="Result">The answer.</param>
internal sealed record ControllerDecision<TResult>(
    IReadOnlyList<CoordinationOperation> Writes, ClusterMetadataDelta Delta, TResult Result)
{
    /// <summary>An answer that changes nothing.</summary>
    public static ControllerDecision<TResult> Answer(TResult result) => new([], ClusterMetadataDelta.Empty, result);
}
