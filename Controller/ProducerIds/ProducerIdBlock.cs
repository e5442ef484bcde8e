namespace KBroker.Controller.ProducerIds;

/// <summary>Producer ids that one broker gives out, both ends inclusive. No id is in two blocks of a cluster.</summary>
/// <param name="First">The lowest id, 0 or more.</param>
/// <param name="Last">The highest id.</param>
public readonly record struct ProducerIdBlock(long First, long Last);
