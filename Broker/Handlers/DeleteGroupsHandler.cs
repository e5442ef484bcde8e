using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// DeleteGroups (key 42): groups without members go with their offsets (KIP-229).
/// </summary>
/// <remarks>Versions 0-3. v1: throttle time. v2: flexible. v3: a message (KIP-848 tooling).</remarks>
public sealed class DeleteGroupsHandler : ApiHandler<DeleteGroupsRequest>
{
    private readonly GroupCoordinator _groups;

    /// <param name="groups">The groups here.</param>
    public DeleteGroupsHandler(GroupCoordinator groups)
        : base(ApiKey.DeleteGroups, DeleteGroupsRequest.LowestVersion, DeleteGroupsRequest.HighestVersion)
    {
        _groups = groups;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, DeleteGroupsRequest request) =>
        ValueTask.FromResult(PendingResponse.Later(DeleteAsync(request)));

    private async Task<IApiMessage> DeleteAsync(DeleteGroupsRequest request)
    {
        string[] names = [.. request.GroupsNames.Distinct(StringComparer.Ordinal)];
        ErrorCode[] errors = await Task.WhenAll(names.Select(_groups.DeleteAsync)).ConfigureAwait(false);
        return new DeleteGroupsResponse
        {
            Results = [.. names.Select((name, i) => new DeleteGroupsResponse.DeletableGroupResult { GroupId = name, ErrorCode = errors[i] })],
        };
    }
}
