using KBroker.Protocol.Messages;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>How an offset is kept: OffsetCommitKey and OffsetCommitValue in the bytes of Kafka.</summary>
internal static class OffsetRecords
{
    /// <summary>The number that stands before an OffsetCommitKey.</summary>
    public const short KeyKind = 1;

    /// <summary>The number that stands before the same key as brokers before 0.8.3 wrote it.</summary>
    public const short LegacyKeyKind = 0;

    // An expiry of its own fits into version 1 alone; version 3 brought the leader epoch (Kafka 2.1).
    private const short ValueVersionWithExpiry = 1;
    private const short ValueVersion = 3;

    /// <summary>The record of an offset.</summary>
    public static CoordinatorRecord Write(string group, OffsetKey key, CommittedOffset offset) => CoordinatorRecord.Set(
        KeyKind,
        Key(group, key),
        offset.ExpireTimestamp >= 0 ? ValueVersionWithExpiry : ValueVersion,
        new OffsetCommitValue
        {
            Offset = offset.Offset,
            LeaderEpoch = offset.LeaderEpoch,
            Metadata = offset.Metadata,
            CommitTimestamp = offset.CommitTimestamp,
            ExpireTimestamp = offset.ExpireTimestamp,
        });

    /// <summary>The record that deletes an offset.</summary>
    public static CoordinatorRecord Tombstone(string group, OffsetKey key) => CoordinatorRecord.Tombstone(KeyKind, Key(group, key));

    /// <summary>The offset that a record holds.</summary>
    public static CommittedOffset Read(OffsetCommitValue value) =>
        new(value.Offset, value.LeaderEpoch, value.Metadata, value.CommitTimestamp, value.ExpireTimestamp);

    private static OffsetCommitKey Key(string group, OffsetKey key) => new() { Group = group, Topic = key.Topic, Partition = key.Partition };
}
