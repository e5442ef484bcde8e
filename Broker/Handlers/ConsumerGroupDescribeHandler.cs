using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// ConsumerGroupDescribe (key 69): epochs, members, assignments and targets of groups of the consumer protocol (KIP-848).
/// </summary>
/// <remarks>Versions 0-1. v1: which protocol a member uses (KIP-1099).</remarks>
public sealed class ConsumerGroupDescribeHandler : ApiHandler<ConsumerGroupDescribeRequest>
{
    private readonly GroupCoordinator _groups;

    /// <param name="groups">The groups here.</param>
    public ConsumerGroupDescribeHandler(GroupCoordinator groups)
        : base(ApiKey.ConsumerGroupDescribe, ConsumerGroupDescribeRequest.LowestVersion, ConsumerGroupDescribeRequest.HighestVersion)
    {
        _groups = groups;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, ConsumerGroupDescribeRequest request) =>
        ValueTask.FromResult(PendingResponse.Later(DescribeAsync(request)));

    private async Task<IApiMessage> DescribeAsync(ConsumerGroupDescribeRequest request)
    {
        // A group is told once: a short request that names a large group again and again would get an answer of any size.
        IEnumerable<string> groupIds = request.GroupIds.Distinct(StringComparer.Ordinal);
        ConsumerGroupDescribeResponse.DescribedGroup[] groups =
            await Task.WhenAll(groupIds.Select(_groups.DescribeConsumersAsync)).ConfigureAwait(false);
        foreach (ConsumerGroupDescribeResponse.DescribedGroup group in groups)
        {
            if (request.IncludeAuthorizedOperations && group.ErrorCode == ErrorCode.None) group.AuthorizedOperations = AuthorizedOperations.AllOnGroup;
        }

        return new ConsumerGroupDescribeResponse { Groups = groups };
    }
}
