using KBroker.Protocol.Wire;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>What the members of a group read, as far as a coordinator can tell.</summary>
internal static class ClassicSubscriptions
{
    private const string ConsumerProtocolType = "consumer";

    /// <summary>The topics that members subscribe to; null where that cannot be told: members of another kind, or bytes that are none of a consumer's.</summary>
    public static IReadOnlySet<string>? Of(ClassicGroup group)
    {
        if (group.ProtocolType != ConsumerProtocolType || group.ProtocolName is null) return null;
        var topics = new HashSet<string>(StringComparer.Ordinal);
        foreach (ClassicMember member in group.Members.All)
        {
            if (!TryRead(member.MetadataFor(group.ProtocolName), topics)) return null;
        }

        return topics;
    }

    // ConsumerProtocolSubscription: a version, then, in all of them, the topics.
    private static bool TryRead(byte[] metadata, HashSet<string> topics)
    {
        try
        {
            var reader = new KafkaReader(metadata);
            if (reader.ReadInt16() < 0) return false;
            topics.UnionWith(reader.ReadStringArray(false));
            return true;
        }
        catch (MalformedMessageException)
        {
            return false;
        }
    }
}
