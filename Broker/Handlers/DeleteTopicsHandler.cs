using KBroker.Broker.Connections;
using KBroker.Broker.Metadata;
using KBroker.Controller;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// DeleteTopics (key 20): deletes topics, each on its own.
/// </summary>
/// <remarks>
/// Versions 0-6. v1: throttle time; Kafka 4 serves from here on. v3: TOPIC_DELETION_DISABLED (<c>delete.topic.enable</c>), which
/// older versions hear as INVALID_REQUEST. v4: flexible. v5: error messages; may be throttled (KIP-599). v6: topics by id
/// (KIP-516); one named by both name and id, or by neither, is INVALID_REQUEST. The answer comes when the topics are gone from
/// the metadata.
/// </remarks>
public sealed class DeleteTopicsHandler : ApiHandler<DeleteTopicsRequest>
{
    private const short TakesIdsFrom = 6;
    private const short KnowsDisabledFrom = 3;

    private readonly IClusterController _controller;
    private readonly ControllerDeadline _deadline;

    /// <param name="controller">Deletes them.</param>
    /// <param name="deadline">Bounds the wait.</param>
    public DeleteTopicsHandler(IClusterController controller, ControllerDeadline deadline)
        : base(ApiKey.DeleteTopics, DeleteTopicsRequest.LowestVersion, DeleteTopicsRequest.HighestVersion)
    {
        _controller = controller;
        _deadline = deadline;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, DeleteTopicsRequest request) =>
        ValueTask.FromResult(PendingResponse.Later(DeleteAsync(request, context.ApiVersion)));

    private async Task<IApiMessage> DeleteAsync(DeleteTopicsRequest request, short version)
    {
        TopicReference[] wanted = version >= TakesIdsFrom
            ? [.. request.Topics.Select(topic => new TopicReference(topic.Name, topic.TopicId))]
            : [.. request.TopicNames.Select(name => new TopicReference(name, Guid.Empty))];
        TopicReference[] sound = [.. wanted.Where(IsSound)];
        IReadOnlyList<DeleteTopicResult> results =
            await _deadline.WaitAsync(_controller.DeleteTopicsAsync(sound), request.TimeoutMs).ConfigureAwait(false)
            ?? [.. sound.Select(topic => new DeleteTopicResult(topic.Name, topic.Id, ErrorCode.RequestTimedOut, null))];

        var answers = new DeleteTopicsResponse.DeletableTopicResult[wanted.Length];
        int next = 0;
        for (int i = 0; i < answers.Length; i++)
        {
            answers[i] = Answer(IsSound(wanted[i]) ? results[next++] : Unsound(wanted[i]), version);
        }

        return new DeleteTopicsResponse { Responses = answers };
    }

    private static bool IsSound(TopicReference topic) => topic.Name is null != (topic.Id == Guid.Empty);

    private static DeleteTopicResult Unsound(TopicReference topic) => new(
        topic.Name,
        topic.Id,
        ErrorCode.InvalidRequest,
        topic.Name is null ? "Neither a name nor an id says which topic is meant." : "A topic is named either by name or by id, not by both.");

    private static DeleteTopicsResponse.DeletableTopicResult Answer(DeleteTopicResult result, short version) => new()
    {
        Name = result.Name,
        TopicId = result.Id,
        ErrorCode = result.Error == ErrorCode.TopicDeletionDisabled && version < KnowsDisabledFrom ? ErrorCode.InvalidRequest : result.Error,
        ErrorMessage = ErrorText.Fit(result.Message),
    };
}
