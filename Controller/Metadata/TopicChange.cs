using System.Collections.Immutable;

namespace KBroker.Controller.Metadata;

/// <summary>An existing topic with partitions added or changed.</summary>
/// <param name="Topic">The topic afterwards.</param>
/// <param name="Partitions">The indexes of the partitions that are new or differ.</param>
public sealed record TopicChange(TopicImage Topic, ImmutableArray<int> Partitions);
