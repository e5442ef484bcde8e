using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// Heartbeat (key 12): a member of a classic group lives. REBALANCE_IN_PROGRESS tells it to join again.
/// </summary>
/// <remarks>Versions 0-4. v1: throttle time. v3: static members (KIP-345). v4: flexible.</remarks>
public sealed class HeartbeatHandler : ApiHandler<HeartbeatRequest>
{
    private readonly GroupCoordinator _groups;

    /// <param name="groups">The groups here.</param>
    public HeartbeatHandler(GroupCoordinator groups)
        : base(ApiKey.Heartbeat, HeartbeatRequest.LowestVersion, HeartbeatRequest.HighestVersion)
    {
        _groups = groups;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, HeartbeatRequest request)
    {
        Task<ErrorCode> answer = _groups.HeartbeatAsync(request.GroupId, request.MemberId, request.GroupInstanceId, request.GenerationId);
        return ValueTask.FromResult(answer.IsCompletedSuccessfully
            ? PendingResponse.Ready(new HeartbeatResponse { ErrorCode = answer.Result })
            : PendingResponse.Later(AnswerAsync(answer)));
    }

    private static async Task<IApiMessage> AnswerAsync(Task<ErrorCode> answer) =>
        new HeartbeatResponse { ErrorCode = await answer.ConfigureAwait(false) };
}
