using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// DescribeGroups (key 15): states, members and assignments of classic groups.
/// </summary>
/// <remarks>
/// Versions 0-6. v1: throttle time. v3: authorized operations (KIP-430). v4: static members (KIP-345). v5: flexible. v6: a group that does
/// not exist is GROUP_ID_NOT_FOUND with a message, where earlier versions tell a dead group (KIP-1043).
/// </remarks>
public sealed class DescribeGroupsHandler : ApiHandler<DescribeGroupsRequest>
{
    private const short TellsMissingFrom = 6;

    private readonly GroupCoordinator _groups;

    /// <param name="groups">The groups here.</param>
    public DescribeGroupsHandler(GroupCoordinator groups)
        : base(ApiKey.DescribeGroups, DescribeGroupsRequest.LowestVersion, DescribeGroupsRequest.HighestVersion)
    {
        _groups = groups;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, DescribeGroupsRequest request) =>
        ValueTask.FromResult(PendingResponse.Later(DescribeAsync(request, context.ApiVersion)));

    private async Task<IApiMessage> DescribeAsync(DescribeGroupsRequest request, short version)
    {
        // A group is told once: a short request that names a large group again and again would get an answer of any size.
        IEnumerable<string> groupIds = request.Groups.Distinct(StringComparer.Ordinal);
        DescribeGroupsResponse.DescribedGroup[] groups = await Task.WhenAll(groupIds.Select(_groups.DescribeAsync)).ConfigureAwait(false);
        foreach (DescribeGroupsResponse.DescribedGroup group in groups)
        {
            if (group.ErrorCode == ErrorCode.GroupIdNotFound && version < TellsMissingFrom) group.ErrorCode = ErrorCode.None;
            if (version < TellsMissingFrom) group.ErrorMessage = null;
            if (request.IncludeAuthorizedOperations && group.ErrorCode == ErrorCode.None) group.AuthorizedOperations = AuthorizedOperations.AllOnGroup;
        }

        return new DescribeGroupsResponse { Groups = groups };
    }
}
