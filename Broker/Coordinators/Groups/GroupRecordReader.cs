using System.Buffers.Binary;
using KBroker.Broker.Coordinators.Groups.Consumer;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>Reads the records of <c>__consumer_offsets</c>, of all versions that brokers have written.</summary>
internal static class GroupRecordReader
{
    /// <summary>A record that is understood.</summary>
    public abstract record Entry;

    /// <summary>An offset; null deletes it.</summary>
    public sealed record Offset(string GroupId, OffsetKey Key, CommittedOffset? Value) : Entry;

    /// <summary>A classic group; null deletes it.</summary>
    public sealed record Group(string GroupId, GroupMetadataValue? Value) : Entry;

    /// <summary>A step of a consumer group.</summary>
    public sealed record Consumer(string GroupId, ConsumerGroupChange Change) : Entry;

    /// <summary>What a record says; null for a kind or a version of a value that is not known.</summary>
    /// <exception cref="MalformedMessageException">The bytes contradict their kind.</exception>
    public static Entry? Read(in CoordinatorRecord record)
    {
        if (!TryReadPrefix(record.Key, out short kind)) throw new MalformedMessageException("a key of less than 2 bytes");
        var reader = new KafkaReader(record.Key.AsMemory(sizeof(short)));
        switch (kind)
        {
            case OffsetRecords.LegacyKeyKind or OffsetRecords.KeyKind:
                OffsetCommitKey offset = OffsetCommitKey.Read(ref reader, 0);
                if (!TryReadValue(record.Value, OffsetCommitValue.LowestVersion, OffsetCommitValue.HighestVersion, out OffsetCommitValue? value)) return null;
                return new Offset(offset.Group, new OffsetKey(offset.Topic, offset.Partition), value is null ? null : OffsetRecords.Read(value));
            case ClassicGroupRecords.KeyKind:
                GroupMetadataKey group = GroupMetadataKey.Read(ref reader, 0);
                if (!TryReadValue(record.Value, GroupMetadataValue.LowestVersion, GroupMetadataValue.HighestVersion, out GroupMetadataValue? members)) return null;
                return new Group(group.Group, members);
            default:
                return ReadConsumer(kind, ref reader, record.Value);
        }
    }

    private static Consumer? ReadConsumer(short kind, ref KafkaReader reader, byte[]? value)
    {
        switch (kind)
        {
            case ConsumerGroupMetadataKey.RecordType:
                string group = ConsumerGroupMetadataKey.Read(ref reader, 0).GroupId;
                return TryReadValue(value, 0, ConsumerGroupMetadataValue.HighestVersion, out ConsumerGroupMetadataValue? metadata)
                    ? new Consumer(group, new ConsumerGroupChange.Group(metadata?.Epoch)) : null;
            case ConsumerGroupPartitionMetadataKey.RecordType:
                group = ConsumerGroupPartitionMetadataKey.Read(ref reader, 0).GroupId;
                return TryReadValue(value, 0, ConsumerGroupPartitionMetadataValue.HighestVersion, out ConsumerGroupPartitionMetadataValue? topics)
                    ? new Consumer(group, ConsumerGroupRecords.Read(topics)) : null;
            case ConsumerGroupMemberMetadataKey.RecordType:
                ConsumerGroupMemberMetadataKey member = ConsumerGroupMemberMetadataKey.Read(ref reader, 0);
                return TryReadValue(value, 0, ConsumerGroupMemberMetadataValue.HighestVersion, out ConsumerGroupMemberMetadataValue? subscription)
                    ? new Consumer(member.GroupId, ConsumerGroupRecords.Read(member.MemberId, subscription)) : null;
            case ConsumerGroupTargetAssignmentMetadataKey.RecordType:
                group = ConsumerGroupTargetAssignmentMetadataKey.Read(ref reader, 0).GroupId;
                return TryReadValue(value, 0, ConsumerGroupTargetAssignmentMetadataValue.HighestVersion, out ConsumerGroupTargetAssignmentMetadataValue? target)
                    ? new Consumer(group, new ConsumerGroupChange.TargetEpoch(target?.AssignmentEpoch, target?.AssignmentTimestamp ?? 0)) : null;
            case ConsumerGroupTargetAssignmentMemberKey.RecordType:
                ConsumerGroupTargetAssignmentMemberKey assigned = ConsumerGroupTargetAssignmentMemberKey.Read(ref reader, 0);
                return TryReadValue(value, 0, ConsumerGroupTargetAssignmentMemberValue.HighestVersion, out ConsumerGroupTargetAssignmentMemberValue? partitions)
                    ? new Consumer(assigned.GroupId, ConsumerGroupRecords.Read(assigned.MemberId, partitions)) : null;
            case ConsumerGroupCurrentMemberAssignmentKey.RecordType:
                ConsumerGroupCurrentMemberAssignmentKey current = ConsumerGroupCurrentMemberAssignmentKey.Read(ref reader, 0);
                return TryReadValue(value, 0, ConsumerGroupCurrentMemberAssignmentValue.HighestVersion, out ConsumerGroupCurrentMemberAssignmentValue? has)
                    ? new Consumer(current.GroupId, ConsumerGroupRecords.Read(current.MemberId, has)) : null;
            case ConsumerGroupRegularExpressionKey.RecordType:
                ConsumerGroupRegularExpressionKey expression = ConsumerGroupRegularExpressionKey.Read(ref reader, 0);
                return TryReadValue(value, 0, ConsumerGroupRegularExpressionValue.HighestVersion, out ConsumerGroupRegularExpressionValue? resolved)
                    ? new Consumer(expression.GroupId, ConsumerGroupRecords.Read(expression.RegularExpression, resolved)) : null;
            default:
                return null;
        }
    }

    private static bool TryReadPrefix(ReadOnlySpan<byte> bytes, out short prefix) => BinaryPrimitives.TryReadInt16BigEndian(bytes, out prefix);

    private static bool TryReadValue<TValue>(byte[]? bytes, short lowest, short highest, out TValue? value)
        where TValue : WireStruct, IWireStruct<TValue>
    {
        value = null;
        if (bytes is null) return true;
        if (!TryReadPrefix(bytes, out short version)) throw new MalformedMessageException("a value of less than 2 bytes");
        if (version < lowest || version > highest) return false;
        var reader = new KafkaReader(bytes.AsMemory(sizeof(short)));
        value = TValue.Read(ref reader, version);
        return true;
    }
}
