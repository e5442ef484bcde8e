namespace KBroker.Broker.Coordinators.Groups;

/// <summary>Which offsets of a group have outlived their use (KIP-211).</summary>
internal static class OffsetExpiry
{
    /// <summary>
    /// While a group has members, only offsets of topics that nobody subscribes to; once it is empty, all that time has passed over
    /// since it became so; of clients that manage their partitions themselves, each by its own commit.
    /// </summary>
    public static IEnumerable<OffsetKey> Expired(
        ClassicGroup group, IReadOnlyDictionary<OffsetKey, CommittedOffset> offsets, long retentionMs, long nowMs)
    {
        IReadOnlySet<string>? subscribed = null;
        if (group.State != ClassicGroupState.Empty)
        {
            subscribed = SubscribedTopics.Of(group);
            if (subscribed is null) yield break;
        }

        bool sinceEmpty = group.State == ClassicGroupState.Empty && group.ProtocolType is not null;
        foreach ((OffsetKey key, CommittedOffset offset) in offsets)
        {
            if (subscribed?.Contains(key.Topic) == true) continue;
            long unusedSince = sinceEmpty ? Math.Max(group.StateSinceMs, offset.CommitTimestamp) : offset.CommitTimestamp;
            bool expired = offset.ExpireTimestamp >= 0 ? nowMs >= offset.ExpireTimestamp : nowMs - unusedSince >= retentionMs;
            if (expired) yield return key;
        }
    }
}
