using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// LeaveGroup (key 13): members leave a classic group, or an administrator takes them out.
/// </summary>
/// <remarks>
/// Versions 0-5. v1: throttle time. v3: many members, static ones by their instance id (KIP-345); before, the one member's error is
/// that of the whole. v4: flexible. v5: the client's reason (KIP-800).
/// </remarks>
public sealed class LeaveGroupHandler : ApiHandler<LeaveGroupRequest>
{
    private const short ManyMembersFrom = 3;

    private readonly GroupCoordinator _groups;

    /// <param name="groups">The groups here.</param>
    public LeaveGroupHandler(GroupCoordinator groups)
        : base(ApiKey.LeaveGroup, LeaveGroupRequest.LowestVersion, LeaveGroupRequest.HighestVersion)
    {
        _groups = groups;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, LeaveGroupRequest request)
    {
        GroupLeaver[] leavers = context.ApiVersion >= ManyMembersFrom
            ? [.. request.Members.Select(member => new GroupLeaver(member.MemberId, member.GroupInstanceId))]
            : [new GroupLeaver(request.MemberId, null)];
        return ValueTask.FromResult(PendingResponse.Later(LeaveAsync(request.GroupId, leavers, context.ApiVersion)));
    }

    private async Task<IApiMessage> LeaveAsync(string groupId, GroupLeaver[] leavers, short version)
    {
        (ErrorCode error, ErrorCode[] errors) = await _groups.LeaveAsync(groupId, leavers).ConfigureAwait(false);
        if (error != ErrorCode.None) return new LeaveGroupResponse { ErrorCode = error };
        if (version < ManyMembersFrom) return new LeaveGroupResponse { ErrorCode = errors[0] };
        return new LeaveGroupResponse
        {
            Members = [.. leavers.Select((leaver, i) => new LeaveGroupResponse.MemberResponse
            {
                MemberId = leaver.MemberId,
                GroupInstanceId = leaver.InstanceId,
                ErrorCode = errors[i],
            })],
        };
    }
}
