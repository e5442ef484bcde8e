namespace KBroker.Broker.Coordinators.Groups;

/// <summary>Which offsets of a group have outlived their use (KIP-211).</summary>
internal static class OffsetExpiry
{
    /// <summary>
    /// While a group has members, only offsets of topics that nobody subscribes to; once a classic group is empty, all that time has passed
    /// over since it became so; of clients that manage their partitions themselves, and of consumer groups, each by its own commit.
    /// </summary>
    public static IEnumerable<OffsetKey> Expired(
        IGroup group, IReadOnlyDictionary<OffsetKey, CommittedOffset> offsets, long retentionMs, long nowMs)
    {
        // While members come again, what those who have not yet subscribe to is not known.
        if (group is ClassicGroup { State: not (ClassicGroupState.Empty or ClassicGroupState.Stable) }) yield break;
        if (group.SubscribedTopics is not { } subscribed) yield break;
        long sinceEmpty = group.UnusedSinceMs ?? long.MinValue;
        foreach ((OffsetKey key, CommittedOffset offset) in offsets)
        {
            if (subscribed.Contains(key.Topic)) continue;
            long unusedSince = Math.Max(sinceEmpty, offset.CommitTimestamp);
            bool expired = offset.ExpireTimestamp >= 0 ? nowMs >= offset.ExpireTimestamp : nowMs - unusedSince >= retentionMs;
            if (expired) yield return key;
        }
    }
}
