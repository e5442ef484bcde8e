using KBroker.Controller;
using KBroker.Controller.Metadata;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>A controller that notes which topics it is asked for and answers as the test says.</summary>
internal sealed class ScriptedController : IClusterController
{
    private readonly Lock _gate = new();
    private readonly List<string> _created = [];

    /// <summary>The answer to each creation; none is refused by default.</summary>
    public Func<NewTopic, CreateTopicResult> Answer { get; set; } =
        topic => new CreateTopicResult(topic.Name, KBroker.Protocol.ErrorCode.None, null, Guid.NewGuid(), 1, 1);

    /// <summary>Creations wait for this.</summary>
    public Task Go { get; set; } = Task.CompletedTask;

    /// <summary>The names it was asked for, in order.</summary>
    public IReadOnlyList<string> Created
    {
        get
        {
            lock (_gate) return [.. _created];
        }
    }

    public bool IsActive => true;

    public async Task<IReadOnlyList<CreateTopicResult>> CreateTopicsAsync(IReadOnlyList<NewTopic> topics, bool validateOnly)
    {
        lock (_gate) _created.AddRange(topics.Select(topic => topic.Name));
        await Go;
        return [.. topics.Select(Answer)];
    }

    public Task<IReadOnlyList<DeleteTopicResult>> DeleteTopicsAsync(IReadOnlyList<TopicReference> topics) => throw new NotSupportedException();

    public Task<IReadOnlyList<CreatePartitionsResult>> CreatePartitionsAsync(IReadOnlyList<NewPartitions> topics, bool validateOnly) => throw new NotSupportedException();

    public Task<IReadOnlyList<ConfigAlterationResult>> AlterConfigsAsync(IReadOnlyList<ConfigAlteration> alterations, bool validateOnly) => throw new NotSupportedException();

    public Task<IReadOnlyList<IsrChangeResult>> AlterPartitionsAsync(IReadOnlyList<IsrChange> changes) => throw new NotSupportedException();

    public Task<RegisterBrokerResult> RegisterBrokerAsync(IReadOnlyList<BrokerEndpoint> endpoints, string? rack) => throw new NotSupportedException();
}
