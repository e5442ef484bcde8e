using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// SyncGroup (key 14): a member of a new generation asks for its assignment; its leader brings everybody's. Answered when the
/// assignment is committed.
/// </summary>
/// <remarks>
/// Versions 0-5. v1: throttle time. v3: static members (KIP-345). v4: flexible. v5: protocol type and name, which have to be the
/// group's (KIP-559).
/// </remarks>
public sealed class SyncGroupHandler : ApiHandler<SyncGroupRequest>
{
    private const short ProtocolFrom = 5;

    private readonly GroupCoordinator _groups;

    /// <param name="groups">The groups here.</param>
    public SyncGroupHandler(GroupCoordinator groups)
        : base(ApiKey.SyncGroup, SyncGroupRequest.LowestVersion, SyncGroupRequest.HighestVersion)
    {
        _groups = groups;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, SyncGroupRequest request)
    {
        if (context.ApiVersion >= ProtocolFrom && (request.ProtocolType is null || request.ProtocolName is null))
            return ValueTask.FromResult(PendingResponse.Ready(new SyncGroupResponse { ErrorCode = ErrorCode.InconsistentGroupProtocol }));
        var sync = new GroupSync(
            request.MemberId,
            request.GroupInstanceId,
            request.GenerationId,
            request.ProtocolType,
            request.ProtocolName,
            [.. request.Assignments.Select(one => new GroupAssignment(one.MemberId, one.Assignment))]);
        return ValueTask.FromResult(PendingResponse.Later(SyncAsync(request.GroupId, sync)));
    }

    private async Task<IApiMessage> SyncAsync(string groupId, GroupSync sync) => await _groups.SyncAsync(groupId, sync).ConfigureAwait(false);
}
