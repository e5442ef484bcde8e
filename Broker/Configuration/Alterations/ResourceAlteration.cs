namespace KBroker.Broker.Configuration.Alterations;

/// <summary>The changes that a client wants of one resource.</summary>
/// <param name="Type">The resource type's number on the wire, known or not.</param>
/// <param name="Name">The topic's name, the broker's id as text, empty for all brokers, or the group's id.</param>
/// <param name="Changes">The changes, in order.</param>
/// <param name="ReplacesAll">Whether what the changes do not name goes back to its default (AlterConfigs), or stays (KIP-339).</param>
public sealed record ResourceAlteration(sbyte Type, string Name, IReadOnlyList<ConfigChange> Changes, bool ReplacesAll);
