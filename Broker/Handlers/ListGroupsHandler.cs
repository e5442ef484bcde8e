using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// ListGroups (key 16): the groups that this broker coordinates.
/// </summary>
/// <remarks>
/// Versions 0-5. v1: throttle time. v3: flexible. v4: states, and a filter by them (KIP-518). v5: types, and a filter by them (KIP-848).
/// Filters do not heed case; a state or type that there is not matches nothing.
/// </remarks>
public sealed class ListGroupsHandler : ApiHandler<ListGroupsRequest>
{
    private readonly GroupCoordinator _groups;

    /// <param name="groups">The groups here.</param>
    public ListGroupsHandler(GroupCoordinator groups)
        : base(ApiKey.ListGroups, ListGroupsRequest.LowestVersion, ListGroupsRequest.HighestVersion)
    {
        _groups = groups;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, ListGroupsRequest request) =>
        ValueTask.FromResult(PendingResponse.Later(ListAsync(request)));

    private async Task<IApiMessage> ListAsync(ListGroupsRequest request)
    {
        (ErrorCode error, IReadOnlyList<ListGroupsResponse.ListedGroup> groups) = await _groups.ListAsync().ConfigureAwait(false);
        return new ListGroupsResponse
        {
            ErrorCode = error,
            Groups = [.. groups.Where(group => Passes(request.StatesFilter, group.GroupState) && Passes(request.TypesFilter, group.GroupType))],
        };
    }

    private static bool Passes(string[] filter, string value) => filter.Length == 0 || filter.Contains(value, StringComparer.OrdinalIgnoreCase);
}
