using System.Collections.Immutable;
using KBroker.Protocol.Identity;
using ConfigMap = System.Collections.Immutable.ImmutableDictionary<string, string>;

namespace KBroker.Controller.Metadata;

/// <summary>What differs between an image and the one before it.</summary>
public sealed record ClusterMetadataDelta
{
    /// <summary>Nothing differs.</summary>
    public static readonly ClusterMetadataDelta Empty = new();

    /// <summary>The image replaces everything: compare it as a whole. The lists then describe nothing.</summary>
    public bool IsFull { get; init; }

    /// <summary>Brokers that came or changed, and null for those that went.</summary>
    public ImmutableDictionary<BrokerId, BrokerRegistration?> Brokers { get; init; }
        = ImmutableDictionary<BrokerId, BrokerRegistration?>.Empty;

    /// <summary>Topics that are new. One deleted and created again is in both lists, under two ids.</summary>
    public ImmutableArray<TopicImage> CreatedTopics { get; init; } = [];

    /// <summary>Topics that are gone, as they last were.</summary>
    public ImmutableArray<TopicImage> DeletedTopics { get; init; } = [];

    /// <summary>Topics whose partitions changed.</summary>
    public ImmutableArray<TopicChange> ChangedTopics { get; init; } = [];

    /// <summary>The whole configuration of each topic whose configuration changed; empty for none.</summary>
    public ImmutableDictionary<string, ConfigMap> TopicConfigs { get; init; } = ImmutableDictionary<string, ConfigMap>.Empty;

    /// <summary>
    /// The whole dynamic configuration of each broker (its id as text) or of all (<see cref="ConfigResource.DefaultBroker"/>)
    /// that changed; empty for none.
    /// </summary>
    public ImmutableDictionary<string, ConfigMap> BrokerConfigs { get; init; } = ImmutableDictionary<string, ConfigMap>.Empty;

    /// <summary>The whole dynamic configuration of each group whose configuration changed; empty for none.</summary>
    public ImmutableDictionary<string, ConfigMap> GroupConfigs { get; init; } = ImmutableDictionary<string, ConfigMap>.Empty;

    /// <summary>Whether there is nothing to publish.</summary>
    public bool IsEmpty => !IsFull && Brokers.IsEmpty && CreatedTopics.IsEmpty && DeletedTopics.IsEmpty
        && ChangedTopics.IsEmpty && TopicConfigs.IsEmpty && BrokerConfigs.IsEmpty && GroupConfigs.IsEmpty;
}
