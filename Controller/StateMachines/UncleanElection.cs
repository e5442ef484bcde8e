using System.Collections.Immutable;
using KBroker.Controller.Metadata;

namespace KBroker.Controller.StateMachines;

/// <summary>Whether a topic prefers a leader that may have lost data to none.</summary>
internal static class UncleanElection
{
    private const string Config = "unclean.leader.election.enable";

    /// <summary>The topic's own setting, or the brokers' dynamic one, or the given default.</summary>
    public static bool IsAllowed(ClusterMetadataImage image, string topic, bool fallback)
        => Setting(image.TopicConfig(topic)) ?? Setting(image.BrokerConfig(ConfigResource.DefaultBroker)) ?? fallback;

    private static bool? Setting(ImmutableDictionary<string, string> config)
        => config.TryGetValue(Config, out string? text) && bool.TryParse(text, out bool value) ? value : null;
}
