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
        var groups = ImmutableDictionary.CreateBuilder<string, ImmutableDictionary<string, string>>();
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
            (string path, ImmutableDictionary<string, ImmutableDictionary<string, string>>.Builder changed) = resource.Type switch
            {
                ConfigResourceType.Topic => (Znodes.TopicConfig(resource.Name), topics),
                ConfigResourceType.Group => (Znodes.GroupConfig(resource.Name), groups),
                _ => (Znodes.BrokerConfig(resource.Name), brokers),
            };
            TopicWrites.SetConfig(writes, path, config, !current.IsEmpty);
            if (!config.IsEmpty || !current.IsEmpty) changed[resource.Name] = config;
        }

        var delta = new ClusterMetadataDelta
        {
            TopicConfigs = topics.ToImmutable(),
            BrokerConfigs = brokers.ToImmutable(),
            GroupConfigs = groups.ToImmutable(),
        };
        return new(writes, delta, results);
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

        if (resource.Type == ConfigResourceType.Group)
        {
            // A group need not exist: its settings may be there before its first member.
            return resource.Name.Length > 0 ? (ErrorCode.None, null) : (ErrorCode.InvalidRequest, "A group has an id.");
        }

        bool isId = int.TryParse(resource.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            && id.ToString(CultureInfo.InvariantCulture) == resource.Name;
        return isId || resource.Name == ConfigResource.DefaultBroker
            ? (ErrorCode.None, null)
            : (ErrorCode.InvalidRequest, $"'{resource.Name}' is not a broker id.");
    }
}
