using KBroker.Protocol.Messages;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>How a classic group is kept: GroupMetadataKey and GroupMetadataValue in the bytes of Kafka.</summary>
internal static class ClassicGroupRecords
{
    /// <summary>The number that stands before a GroupMetadataKey.</summary>
    public const short KeyKind = 2;

    // Version 3 brought the instance id (Kafka 2.3). Version 4 is flexible and unknown to brokers before 3.7: nothing it adds is used.
    private const short ValueVersion = 3;

    /// <summary>The record of a group with the assignments that it is about to have or has.</summary>
    public static CoordinatorRecord Write(ClassicGroup group, Func<ClassicMember, byte[]> assignment) => CoordinatorRecord.Set(
        KeyKind,
        new GroupMetadataKey { Group = group.Id },
        ValueVersion,
        new GroupMetadataValue
        {
            ProtocolType = group.ProtocolType ?? "",
            Generation = group.GenerationId,
            Protocol = group.ProtocolName,
            Leader = group.ProtocolName is null ? null : group.Members.LeaderId,
            CurrentStateTimestamp = group.StateSinceMs,
            Members =
            [
                .. group.Members.All.Select(member => new GroupMetadataValue.MemberMetadata
                {
                    MemberId = member.Id,
                    GroupInstanceId = member.InstanceId,
                    ClientId = member.Client.ClientId,
                    ClientHost = member.Client.ClientHost,
                    RebalanceTimeout = member.RebalanceTimeoutMs,
                    SessionTimeout = member.SessionTimeoutMs,
                    Subscription = group.ProtocolName is null ? [] : member.MetadataFor(group.ProtocolName),
                    Assignment = assignment(member),
                }),
            ],
        });

    /// <summary>The record that deletes a group.</summary>
    public static CoordinatorRecord Tombstone(string groupId) =>
        CoordinatorRecord.Tombstone(KeyKind, new GroupMetadataKey { Group = groupId });
}
