using KBroker.Controller.Election;
using KBroker.Controller.Metadata;

namespace KBroker.Controller.Events;

/// <summary>All that a decision of the controller depends on: its term, and the cluster as it last wrote it.</summary>
internal sealed record ControllerState(ControllerTerm Term, ClusterMetadataImage Image);
