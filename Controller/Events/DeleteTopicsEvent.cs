using System.Collections.Immutable;
using KBroker.Controller.Coordination;
using KBroker.Controller.Metadata;
using KBroker.Controller.StateMachines;
using KBroker.Protocol;

namespace KBroker.Controller.Events;

/// <summary>DeleteTopics.</summary>
internal sealed class DeleteTopicsEvent(IReadOnlyList<TopicReference> topics, ControllerOptions options)
    : ControllerEvent<IReadOnlyList<DeleteTopicResult>>
{
    protected override ControllerDecision<IReadOnlyList<DeleteTopicResult>> Apply(ControllerState state)
    {
        if (!options.DeleteTopicEnable)
        {
            return ControllerDecision<IReadOnlyList<DeleteTopicResult>>.Answer(Refusal(ErrorCode.TopicDeletionDisabled));
        }

        var found = topics.Select(reference => Find(state.Image, reference)).ToList();
        var counts = found.OfType<TopicImage>().CountBy(topic => topic.Id).ToDictionary();
        var results = new List<DeleteTopicResult>();
        var writes = new List<CoordinationOperation>();
        var deleted = ImmutableArray.CreateBuilder<TopicImage>();
        var configs = ImmutableDictionary.CreateBuilder<string, ImmutableDictionary<string, string>>();
        for (int i = 0; i < found.Count; i++)
        {
            TopicReference reference = topics[i];
            if (found[i] is not TopicImage topic)
            {
                results.Add(reference.Name is null
                    ? new(null, reference.Id, ErrorCode.UnknownTopicId, "There is no topic with this id.")
                    : new(reference.Name, reference.Id, ErrorCode.UnknownTopicOrPartition, "There is no topic with this name."));
            }
            else if (counts[topic.Id] > 1)
            {
                results.Add(new(topic.Name, topic.Id, ErrorCode.InvalidRequest, "The request names this topic more than once."));
            }
            else
            {
                bool hasConfig = !state.Image.TopicConfig(topic.Name).IsEmpty;
                TopicWrites.Delete(writes, topic, hasConfig);
                deleted.Add(topic);
                if (hasConfig) configs[topic.Name] = ImmutableDictionary<string, string>.Empty;
                results.Add(new(topic.Name, topic.Id, ErrorCode.None, null));
            }
        }

        return new(
            writes, new ClusterMetadataDelta { DeletedTopics = deleted.ToImmutable(), TopicConfigs = configs.ToImmutable() }, results);
    }

    protected override IReadOnlyList<DeleteTopicResult> Refusal(ErrorCode error)
        => [.. topics.Select(reference => new DeleteTopicResult(reference.Name, reference.Id, error, null))];

    private static TopicImage? Find(ClusterMetadataImage image, TopicReference reference)
    {
        TopicImage? topic;
        _ = reference.Name is null ? image.TryGetTopic(reference.Id, out topic) : image.TryGetTopic(reference.Name, out topic);
        return topic;
    }
}
