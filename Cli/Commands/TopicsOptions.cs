using System.CommandLine;

namespace KBroker.Cli.Commands;

/// <summary>The options of <c>kbroker topics</c>, named as in kafka-topics.</summary>
public sealed class TopicsOptions
{
    /// <summary>The connection.</summary>
    public ConnectionOptions Connection { get; } = new();

    /// <summary>Create a topic.</summary>
    public Option<bool> Create { get; } = new("--create") { Description = "Create a topic" };

    /// <summary>List topics.</summary>
    public Option<bool> List { get; } = new("--list") { Description = "List the names of all topics" };

    /// <summary>Describe topics.</summary>
    public Option<bool> Describe { get; } = new("--describe") { Description = "Show topics with partitions, leaders, replicas and configuration" };

    /// <summary>Add partitions.</summary>
    public Option<bool> Alter { get; } = new("--alter") { Description = "Raise the number of partitions" };

    /// <summary>Delete topics.</summary>
    public Option<bool> Delete { get; } = new("--delete") { Description = "Delete topics with all their data" };

    /// <summary>The topic or a pattern.</summary>
    public Option<string?> Topic { get; } = new("--topic")
    {
        Description = "The topic; with --describe, --alter and --delete a regular expression that matches whole names",
        HelpName = "name",
    };

    /// <summary>The number of partitions.</summary>
    public Option<int?> Partitions { get; } = NumberOption.Int32(
        "--partitions", "How many partitions the topic gets (default: num.partitions of the broker)", "number", lowest: 1);

    /// <summary>The replication factor.</summary>
    public Option<int?> ReplicationFactor { get; } = NumberOption.Int32(
        "--replication-factor",
        "How many replicas each partition gets (default: default.replication.factor of the broker)",
        "number",
        lowest: 1,
        highest: short.MaxValue);

    /// <summary>An explicit placement.</summary>
    public Option<string?> ReplicaAssignment { get; } = new("--replica-assignment")
    {
        Description = "The brokers of each partition, the preferred leader first, instead of the two numbers above",
        HelpName = "B1:B2,B2:B3,...",
    };

    /// <summary>Configurations of the new topic.</summary>
    public Option<string[]> Config { get; } = new("--config")
    {
        Description = "With --create: a topic configuration, such as retention.ms=3600000; can be given several times",
        HelpName = "name=value",
        AllowMultipleArgumentsPerToken = false,
    };

    /// <summary>An existing topic is fine.</summary>
    public Option<bool> IfNotExists { get; } = new("--if-not-exists") { Description = "With --create: succeed if the topic exists already" };

    /// <summary>A missing topic is fine.</summary>
    public Option<bool> IfExists { get; } = new("--if-exists")
    {
        Description = "With --describe, --alter and --delete: succeed if no topic matches",
    };

    /// <summary>Leave internal topics out.</summary>
    public Option<bool> ExcludeInternal { get; } = new("--exclude-internal") { Description = "Leave internal topics out" };

    /// <summary>Only partitions that lack replicas in sync.</summary>
    public Option<bool> UnderReplicated { get; } = new("--under-replicated-partitions")
    {
        Description = "With --describe: only partitions with fewer replicas in sync than they have",
    };

    /// <summary>Only partitions without a leader.</summary>
    public Option<bool> Unavailable { get; } = new("--unavailable-partitions")
    {
        Description = "With --describe: only partitions without a living leader",
    };

    /// <summary>Only partitions below min.insync.replicas.</summary>
    public Option<bool> UnderMinIsr { get; } = new("--under-min-isr-partitions")
    {
        Description = "With --describe: only partitions with fewer replicas in sync than min.insync.replicas",
    };

    /// <summary>Only partitions at min.insync.replicas.</summary>
    public Option<bool> AtMinIsr { get; } = new("--at-min-isr-partitions")
    {
        Description = "With --describe: only partitions with just min.insync.replicas replicas in sync",
    };

    /// <summary>Only topics with overrides, without partitions.</summary>
    public Option<bool> WithOverrides { get; } = new("--topics-with-overrides")
    {
        Description = "With --describe: only topics whose configuration differs from the defaults, without their partitions",
    };

    /// <summary>Adds everything to the command, with the checks that concern several options.</summary>
    public void AddTo(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        foreach (Option option in (Option[])[Create, List, Describe, Alter, Delete, Topic, Partitions, ReplicationFactor, ReplicaAssignment,
            Config, IfNotExists, IfExists, ExcludeInternal, UnderReplicated, Unavailable, UnderMinIsr, AtMinIsr, WithOverrides])
            command.Add(option);
        Connection.AddTo(command);
        KeyValueOption.Validate(Config);
        command.Validators.Add(result =>
        {
            bool creates = result.GetValue(Create), alters = result.GetValue(Alter), describes = result.GetValue(Describe);
            Need(creates || alters || result.GetValue(Delete), Topic, "is required");
            Only(Partitions, creates || alters, "--create and --alter");
            Only(ReplicaAssignment, creates || alters, "--create and --alter");
            Only(ReplicationFactor, creates, "--create");
            Only(Config, creates, "--create; kbroker configs changes existing topics");
            Only(IfNotExists, creates, "--create");
            Only(IfExists, describes || alters || result.GetValue(Delete), "--describe, --alter and --delete");
            foreach (Option option in (Option[])[UnderReplicated, Unavailable, UnderMinIsr, AtMinIsr, WithOverrides])
                Only(option, describes, "--describe");
            Need(alters, Partitions, "is required with --alter");
            if (creates && Given(ReplicaAssignment) && (Given(Partitions) || Given(ReplicationFactor)))
                result.AddError("--replica-assignment goes without --partitions and --replication-factor");
            if (Given(ReplicaAssignment) && Commands.ReplicaAssignment.Parse(result.GetValue(ReplicaAssignment)!, out string problem) is null)
                result.AddError($"--replica-assignment: {problem}");

            bool Given(Option option) => result.GetResult(option) is { Implicit: false };
            void Need(bool when, Option option, string text)
            {
                if (when && !Given(option)) result.AddError($"{option.Name} {text}");
            }

            void Only(Option option, bool allowed, string with)
            {
                if (!allowed && Given(option)) result.AddError($"{option.Name} goes only with {with}");
            }
        });
    }
}
