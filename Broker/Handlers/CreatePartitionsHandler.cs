using KBroker.Broker.Connections;
using KBroker.Broker.Metadata;
using KBroker.Controller;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// CreatePartitions (key 37): gives topics more partitions (KIP-195).
/// </summary>
/// <remarks>
/// Versions 0-3. v2: flexible. v3: may be throttled (KIP-599). Between them nothing changes in what is sent. A topic named twice
/// is INVALID_REQUEST; the number of partitions never falls.
/// </remarks>
public sealed class CreatePartitionsHandler : ApiHandler<CreatePartitionsRequest>
{
    private readonly IClusterController _controller;
    private readonly ControllerDeadline _deadline;

    /// <param name="controller">Adds them.</param>
    /// <param name="deadline">Bounds the wait.</param>
    public CreatePartitionsHandler(IClusterController controller, ControllerDeadline deadline)
        : base(ApiKey.CreatePartitions, CreatePartitionsRequest.LowestVersion, CreatePartitionsRequest.HighestVersion)
    {
        _controller = controller;
        _deadline = deadline;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, CreatePartitionsRequest request) =>
        ValueTask.FromResult(PendingResponse.Later(CreateAsync(request)));

    private async Task<IApiMessage> CreateAsync(CreatePartitionsRequest request)
    {
        NewPartitions[] wanted = [.. request.Topics.Select(topic => new NewPartitions(
            topic.Name,
            topic.Count,
            topic.Assignments is null ? null : [.. topic.Assignments.Select(Brokers)]))];
        IReadOnlyList<CreatePartitionsResult> results =
            await _deadline.WaitAsync(_controller.CreatePartitionsAsync(wanted, request.ValidateOnly), request.TimeoutMs).ConfigureAwait(false)
            ?? [.. wanted.DistinctBy(topic => topic.Topic).Select(topic => new CreatePartitionsResult(topic.Topic, ErrorCode.RequestTimedOut, null))];

        return new CreatePartitionsResponse
        {
            Results = [.. results.Select(result => new CreatePartitionsResponse.CreatePartitionsTopicResult
            {
                Name = result.Topic,
                ErrorCode = result.Error,
                ErrorMessage = ErrorText.Fit(result.Message),
            })],
        };
    }

    private static IReadOnlyList<BrokerId> Brokers(CreatePartitionsRequest.CreatePartitionsAssignment assignment) =>
        [.. assignment.BrokerIds.Select(id => new BrokerId(id))];
}
