using KBroker.Controller.Metadata;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>How far a group's expressions are matched with the topics. Immutable.</summary>
/// <param name="Topics">The set of topics they are matched with.</param>
/// <param name="Pending">The expressions that still name what they named in an older set: their turn comes with the next heartbeats.</param>
internal sealed record RegexProgress(MetadataVersion Topics, IReadOnlyList<string> Pending);
