using KBroker.Broker.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>How groups look from outside.</summary>
internal static class GroupDescription
{
    /// <summary>The name of the type of groups that JoinGroup makes (KIP-848).</summary>
    public const string ClassicType = "classic";

    private const string DeadState = "Dead";

    /// <summary>A group and its members; what they were assigned is told while it holds.</summary>
    public static DescribeGroupsResponse.DescribedGroup Of(ClassicGroup group)
    {
        bool isStable = group.State == ClassicGroupState.Stable;
        return new DescribeGroupsResponse.DescribedGroup
        {
            GroupId = group.Id,
            GroupState = group.State.ToString(),
            ProtocolType = group.ProtocolType ?? "",
            ProtocolData = isStable ? group.ProtocolName ?? "" : "",
            AuthorizedOperations = AuthorizedOperations.NotRequested,
            Members =
            [
                .. group.Members.All.Select(member => new DescribeGroupsResponse.DescribedGroupMember
                {
                    MemberId = member.Id,
                    GroupInstanceId = member.InstanceId,
                    ClientId = member.Client.ClientId,
                    ClientHost = member.Client.ClientHost,
                    MemberMetadata = isStable && group.ProtocolName is not null ? member.MetadataFor(group.ProtocolName) : [],
                    MemberAssignment = isStable ? member.Assignment : [],
                }),
            ],
        };
    }

    /// <summary>A group that there is not: the handler tells it as its version knows.</summary>
    public static DescribeGroupsResponse.DescribedGroup Unknown(string groupId) => new()
    {
        GroupId = groupId,
        GroupState = DeadState,
        ErrorCode = ErrorCode.GroupIdNotFound,
        ErrorMessage = $"Group {groupId} not found.",
        AuthorizedOperations = AuthorizedOperations.NotRequested,
    };

    /// <summary>A group that cannot be described here and now.</summary>
    public static DescribeGroupsResponse.DescribedGroup Failed(string groupId, ErrorCode error) => new()
    {
        GroupId = groupId,
        ErrorCode = error,
        AuthorizedOperations = AuthorizedOperations.NotRequested,
    };

    /// <summary>A group as a list shows it.</summary>
    public static ListGroupsResponse.ListedGroup Listed(IGroup group) => new()
    {
        GroupId = group.Id,
        ProtocolType = group.ProtocolType ?? "",
        GroupState = group.StateName,
        GroupType = group.TypeName,
    };
}
