using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// JoinGroup (key 11): takes a member into the next generation of a classic group; answered when it begins.
/// </summary>
/// <remarks>
/// Versions 0-9. v1: rebalance timeout, before which the session timeout counts for both. v4: a new member is given an id and comes
/// back with it (KIP-394). v5: static members (KIP-345). v6: flexible. v7: protocol type in the answer. v8: the client's reason
/// (KIP-800). v9: a static leader that comes back may be told to skip the assignment (KIP-814).
/// </remarks>
public sealed class JoinGroupHandler : ApiHandler<JoinGroupRequest>
{
    private const short RebalanceTimeoutFrom = 1;
    private const short KnownIdFrom = 4;
    private const short NullableProtocolFrom = 7;
    private const short SkipAssignmentFrom = 9;

    private readonly GroupCoordinator _groups;

    /// <param name="groups">The groups here.</param>
    public JoinGroupHandler(GroupCoordinator groups)
        : base(ApiKey.JoinGroup, JoinGroupRequest.LowestVersion, JoinGroupRequest.HighestVersion)
    {
        _groups = groups;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, JoinGroupRequest request)
    {
        var join = new GroupJoin(
            request.MemberId,
            request.GroupInstanceId,
            new MemberClient(context.ClientId ?? "", $"/{context.Connection.ClientHost}"),
            request.SessionTimeoutMs,
            context.ApiVersion < RebalanceTimeoutFrom ? request.SessionTimeoutMs : request.RebalanceTimeoutMs,
            request.ProtocolType,
            [.. request.Protocols.Select(protocol => new MemberProtocol(protocol.Name, protocol.Metadata))],
            MustKnowId: context.ApiVersion >= KnownIdFrom,
            CanSkipAssignment: context.ApiVersion >= SkipAssignmentFrom);
        return ValueTask.FromResult(PendingResponse.Later(JoinAsync(request.GroupId, join, context.ApiVersion)));
    }

    private async Task<IApiMessage> JoinAsync(string groupId, GroupJoin join, short version)
    {
        JoinGroupResponse response = await _groups.JoinAsync(groupId, join).ConfigureAwait(false);
        if (version < NullableProtocolFrom) response.ProtocolName ??= "";
        return response;
    }
}
