using System.Collections.Immutable;
using System.Globalization;
using KBroker.Controller.Coordination;
using KBroker.Controller.Election;
using KBroker.Controller.Metadata;
using KBroker.Controller.StateMachines;
using KBroker.Protocol;

namespace KBroker.Controller.Events;

/// <summary>AlterConfigs and IncrementalAlterConfigs.</summary>
internal sealed class AlterConfigsEvent(IReadOnlyList<ConfigAlteration> alterations, bool validateOnly)
    : ControllerEvent<IReadOnlyList<ConfigAlterationResult>>
{
    protected override ControllerDecision<IReadOnlyList<ConfigAlterationResult>> Apply(ControllerState state)
    {
        var counts = alterations.CountBy(alteration => alteration.Resource).ToDictionary();
        var results = new List<ConfigAlterationResult>();
        var writes = new List<CoordinationOperation>();
        var topics = ImmutableDictionary.CreateBuilder<string, ImmutableDictionary<string, string>>();
        var brokers = ImmutableDictionary.CreateBuilder<string, ImmutableDictionary<string, string>>();
        foreach (ConfigAlteration alteration in alterations)
        {
            ConfigResource resource = alteration.Resource;
            (ErrorCode error, string? message) = counts[resource] > 1
                ? (ErrorCode.InvalidRequest, "The request names this resource more than once.")
                : Check(state.Image, resource);
            ImmutableDictionary<string, string> current = state.Image.Config(resource);
            ImmutableDictionary<string, string> config = current;
            if (error == ErrorCode.None) (error, message, config) = alteration.Edit(current);
            results.Add(new(resource, error, message));
            if (error != ErrorCode.None || validateOnly) continue;
            bool ofTopic = resource.Type == ConfigResourceType.Topic;
            string path = ofTopic ? Znodes.TopicConfig(resource.Name) : Znodes.BrokerConfig(resource.Name);
            TopicWrites.SetConfig(writes, path, config, !current.IsEmpty);
            if (!config.IsEmpty || !current.IsEmpty) (ofTopic ? topics : brokers)[resource.Name] = config;
        }

        return new(
            writes, new ClusterMetadataDelta { TopicConfigs = topics.ToImmutable(), BrokerConfigs = brokers.ToImmutable() }, results);
    }

    protected override IReadOnlyList<ConfigAlterationResult> Refusal(ErrorCode error)
        => [.. alterations.Select(alteration => new ConfigAlterationResult(alteration.Resource, error, null))];

    private static (ErrorCode Error, string? Message) Check(ClusterMetadataImage image, ConfigResource resource)
    {
        if (resource.Type == ConfigResourceType.Topic)
        {
            return image.TryGetTopic(resource.Name, out _)
                ? (ErrorCode.None, null)
                : (ErrorCode.UnknownTopicOrPartition, $"There is no topic '{resource.Name}'.");
        }

        bool isId = int.TryParse(resource.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            && id.ToString(CultureInfo.InvariantCulture) == resource.Name;
        return isId || resource.Name == ConfigResource.DefaultBroker
            ? (ErrorCode.None, null)
            : (ErrorCode.InvalidRequest, $"'{resource.Name}' is not a broker id.");
    }
}
