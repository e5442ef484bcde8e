using System.Collections.Immutable;
using System.Globalization;
using KBroker.Broker.Metadata;
using KBroker.Controller;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Configuration.Alterations;

/// <summary>
/// Changes the settings of topics, brokers and groups. What does not depend on what is set is checked first; the rest runs on the
/// controller, so that two clients who change one resource at once do not undo each other's changes.
/// </summary>
/// <param name="self">This broker: the only one whose own settings can be changed here, as it alone can say whether it takes them.</param>
/// <param name="controller">Keeps the settings.</param>
/// <param name="deadline">Bounds the wait.</param>
/// <param name="config">The configuration now in force.</param>
public sealed class ConfigAlterer(BrokerId self, IClusterController controller, ControllerDeadline deadline, Func<BrokerConfig> config)
{
    /// <summary>Changes resources, each on its own.</summary>
    /// <param name="alterations">The changes.</param>
    /// <param name="validateOnly">Whether they are only checked.</param>
    /// <returns>One result for each alteration, in order.</returns>
    public async Task<AlterationResult[]> AlterAsync(IReadOnlyList<ResourceAlteration> alterations, bool validateOnly)
    {
        ArgumentNullException.ThrowIfNull(alterations);
        var results = new AlterationResult[alterations.Count];
        var sound = new List<int>();
        var repeated = alterations.CountBy(alteration => (alteration.Type, alteration.Name)).Where(entry => entry.Value > 1).Select(entry => entry.Key).ToHashSet();
        for (int i = 0; i < results.Length; i++)
        {
            ResourceAlteration alteration = alterations[i];
            string? problem = repeated.Contains((alteration.Type, alteration.Name))
                ? "The request names this resource more than once."
                : ProblemWithResource(alteration) ?? ProblemWithChanges(alteration.Changes);
            if (problem is null) sound.Add(i);
            else results[i] = new AlterationResult(ErrorCode.InvalidRequest, problem);
        }

        if (sound.Count == 0) return results;
        IReadOnlyList<ConfigAlterationResult>? answers = await deadline
            .WaitAsync(controller.AlterConfigsAsync([.. sound.Select(i => ToControllers(alterations[i]))], validateOnly), timeoutMs: 0)
            .ConfigureAwait(false);
        for (int i = 0; i < sound.Count; i++)
        {
            results[sound[i]] = answers is null
                ? new AlterationResult(ErrorCode.RequestTimedOut, null)
                : new AlterationResult(answers[i].Error, answers[i].Message);
        }

        return results;
    }

    private string? ProblemWithResource(ResourceAlteration alteration)
    {
        switch ((ConfigResourceType)alteration.Type)
        {
            case ConfigResourceType.Topic:
                return alteration.Name.Length == 0 ? "Topics have no common configuration; the defaults of topics are settings of brokers." : null;
            case ConfigResourceType.Broker when alteration.Name.Length > 0:
                return alteration.Name == self.Value.ToString(CultureInfo.InvariantCulture)
                    ? null
                    : $"This is broker {self}; the settings of '{alteration.Name}' are changed there.";
            case ConfigResourceType.Broker:
                return null;
            case ConfigResourceType.Group:
                return alteration.Name.Length == 0 ? "Groups have no common configuration; their defaults are settings of brokers." : null;
            default:
                return $"Resource type {alteration.Type} has no configuration that can be changed here; topics (2), brokers (4) and groups (32) have.";
        }
    }

    private static string? ProblemWithChanges(IReadOnlyList<ConfigChange> changes)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (ConfigChange change in changes)
        {
            if (!Enum.IsDefined(change.Operation)) return $"There is no operation {(sbyte)change.Operation} on a setting.";
            if (!names.Add(change.Name)) return $"The request changes {change.Name} more than once.";
            if (change.Value is null && change.Operation != ConfigOperation.Delete) return $"Null is no value for a setting: {change.Name}.";
        }

        return null;
    }

    private ConfigAlteration ToControllers(ResourceAlteration alteration)
    {
        if (alteration.Type == (sbyte)ConfigResourceType.Topic)
        {
            return new(
                new ConfigResource(ConfigResourceType.Topic, alteration.Name),
                current => Checked(Edit(alteration, current, TopicConfigs.Table), ErrorCode.InvalidConfig, ProblemForTopic));
        }

        if (alteration.Type == (sbyte)ConfigResourceType.Group)
        {
            return new(
                new ConfigResource(ConfigResourceType.Group, alteration.Name),
                current => Checked(Edit(alteration, current, GroupConfigResolver.Table), ErrorCode.InvalidConfig, edited => config().GroupDefaults.Validate(edited)));
        }

        bool perBroker = alteration.Name.Length > 0;
        return new(
            new ConfigResource(ConfigResourceType.Broker, perBroker ? alteration.Name : ConfigResource.DefaultBroker),
            current => Checked(
                Edit(alteration, current, BrokerConfigs.Table),
                // Kafka's code for a broker setting that is refused, where one for topics would be INVALID_CONFIG (KAFKA-13609).
                ErrorCode.InvalidRequest,
                edited => edited.Select(setting => BrokerConfigs.ValidateDynamic(setting.Key, setting.Value, perBroker)).FirstOrDefault(problem => problem is not null)));
    }

    private static ConfigEdit Edit(ResourceAlteration alteration, ImmutableDictionary<string, string> current, ConfigTable table) =>
        ConfigEditing.Apply(alteration.ReplacesAll ? ImmutableDictionary<string, string>.Empty : current, alteration.Changes, table);

    private static ConfigEdit Checked(ConfigEdit edit, ErrorCode error, Func<ImmutableDictionary<string, string>, string?> problemWith) =>
        edit.Error == ErrorCode.None && problemWith(edit.Config) is { } problem ? ConfigEdit.Refused(error, problem) : edit;

    private string? ProblemForTopic(ImmutableDictionary<string, string> edited) =>
        config().TopicDefaults.Validate(edited.ToDictionary(setting => setting.Key, setting => (string?)setting.Value));
}
