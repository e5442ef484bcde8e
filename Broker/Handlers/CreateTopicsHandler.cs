using KBroker.Broker.Configuration;
using KBroker.Broker.Connections;
using KBroker.Broker.Metadata;
using KBroker.Controller;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// CreateTopics (key 19): creates topics, each on its own.
/// </summary>
/// <remarks>
/// Versions 0-7. v1: validate-only and error messages. v2: throttle time. v4: -1 partitions or replicas stand for the broker's
/// defaults (KIP-464). v5: flexible; the answer tells size and configuration (KIP-525). v6: may be throttled (KIP-599). v7: topic
/// id (KIP-516). Kafka 4 serves 2-7; 0 and 1 are for clients of before 0.11. The answer comes when the topic can be used. A
/// topic that the client's timeout did not suffice for is answered REQUEST_TIMED_OUT and may come to be nevertheless. A request
/// for more than 10,000 topics is refused with POLICY_VIOLATION, the bound that Kafka's controllers set to one batch.
/// </remarks>
public sealed class CreateTopicsHandler : ApiHandler<CreateTopicsRequest>
{
    private const int MaxTopics = 10_000;

    private readonly IClusterController _controller;
    private readonly ControllerDeadline _deadline;
    private readonly Func<BrokerConfig> _config;

    /// <param name="controller">Creates them.</param>
    /// <param name="deadline">Bounds the wait.</param>
    /// <param name="config">The configuration now in force.</param>
    public CreateTopicsHandler(IClusterController controller, ControllerDeadline deadline, Func<BrokerConfig> config)
        : base(ApiKey.CreateTopics, CreateTopicsRequest.LowestVersion, CreateTopicsRequest.HighestVersion)
    {
        _controller = controller;
        _deadline = deadline;
        _config = config;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, CreateTopicsRequest request) =>
        ValueTask.FromResult(request.Topics.Length > MaxTopics
            ? PendingResponse.Ready(Refuse(request))
            : PendingResponse.Later(CreateAsync(request)));

    private static CreateTopicsResponse Refuse(CreateTopicsRequest request) => new()
    {
        Topics = [.. request.Topics.DistinctBy(topic => topic.Name, StringComparer.Ordinal).Select(topic =>
            Failed(topic.Name, ErrorCode.PolicyViolation, $"One request creates at most {MaxTopics} topics."))],
    };

    private async Task<IApiMessage> CreateAsync(CreateTopicsRequest request)
    {
        NewTopic[] wanted = [.. request.Topics.Where(topic => topic.Name != InternalTopics.ClusterMetadata).Select(ToNewTopic)];
        IReadOnlyList<CreateTopicResult>? results =
            await _deadline.WaitAsync(_controller.CreateTopicsAsync(wanted, request.ValidateOnly), request.TimeoutMs).ConfigureAwait(false);

        var answers = new List<CreateTopicsResponse.CreatableTopicResult>(request.Topics.Length);
        if (wanted.Length < request.Topics.Length)
        {
            answers.Add(Failed(
                InternalTopics.ClusterMetadata, ErrorCode.InvalidRequest, $"A topic cannot be called {InternalTopics.ClusterMetadata}."));
        }

        if (results is null)
        {
            answers.AddRange(wanted.DistinctBy(topic => topic.Name).Select(topic => Failed(topic.Name, ErrorCode.RequestTimedOut, null)));
        }
        else
        {
            // The first entry of a name is the only one that can have succeeded.
            var configs = wanted.DistinctBy(topic => topic.Name).ToDictionary(topic => topic.Name, topic => topic.Configs);
            answers.AddRange(results.Select(result => Answer(result, configs[result.Name])));
        }

        return new CreateTopicsResponse { Topics = [.. answers] };
    }

    private static NewTopic ToNewTopic(CreateTopicsRequest.CreatableTopic topic) => new(
        topic.Name,
        topic.NumPartitions,
        topic.ReplicationFactor,
        [.. topic.Assignments.Select(assignment => KeyValuePair.Create<int, IReadOnlyList<BrokerId>>(
            assignment.PartitionIndex, [.. assignment.BrokerIds.Select(id => new BrokerId(id))]))],
        [.. topic.Configs.Select(config => KeyValuePair.Create(config.Name, config.Value))]);

    private static CreateTopicsResponse.CreatableTopicResult Failed(string name, ErrorCode error, string? message) => new()
    {
        Name = name,
        ErrorCode = error,
        ErrorMessage = ErrorText.Fit(message),
    };

    private CreateTopicsResponse.CreatableTopicResult Answer(
        CreateTopicResult result, IReadOnlyList<KeyValuePair<string, string?>> configs)
    {
        if (result.Error != ErrorCode.None) return Failed(result.Name, result.Error, result.Message);
        var overrides = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, string? value) in configs) overrides[name] = value!;
        return new CreateTopicsResponse.CreatableTopicResult
        {
            Name = result.Name,
            ErrorMessage = null,
            TopicId = result.TopicId,
            NumPartitions = result.PartitionCount,
            ReplicationFactor = result.ReplicationFactor,
            Configs = [.. _config().TopicDefaults.Describe(overrides).Select(config => new CreateTopicsResponse.CreatableTopicConfigs
            {
                Name = config.Name,
                Value = config.Value,
                ReadOnly = config.IsReadOnly,
                ConfigSource = (sbyte)config.Source,
                IsSensitive = config.IsSensitive,
            })],
        };
    }
}
