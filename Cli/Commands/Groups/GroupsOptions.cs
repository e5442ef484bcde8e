using System.CommandLine;
using System.CommandLine.Parsing;

namespace KBroker.Cli.Commands.Groups;

/// <summary>The options of <c>kbroker groups</c>, named as in kafka-consumer-groups; the action and the groups may also stand as words.</summary>
public sealed class GroupsOptions
{
    private readonly Argument<string[]> _words = new("words")
    {
        Description = "list, describe, delete, delete-offsets or reset-offsets, and the groups; or use the options below",
        HelpName = "ACTION [GROUP...]",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly (string Word, GroupsAction Action, Option<bool> Option)[] _actions =
    [
        ("list", GroupsAction.List, new("--list") { Description = "List the groups" }),
        ("describe", GroupsAction.Describe, new("--describe") { Description = "Show offsets and lag; with --members or --state those" }),
        ("delete", GroupsAction.Delete, new("--delete") { Description = "Delete groups without members, with their offsets" }),
        ("delete-offsets", GroupsAction.DeleteOffsets, new("--delete-offsets") { Description = "Delete offsets of topics that no member reads" }),
        ("reset-offsets", GroupsAction.ResetOffsets, new("--reset-offsets") { Description = "Set the offsets of groups without members" }),
    ];

    private readonly Option<string[]> _group = new("--group")
    {
        Description = "A group; can be given several times",
        HelpName = "name",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string?> _state = new("--state")
    {
        Description = "With list: the states to keep, such as Stable,Empty, or none to show it; with describe: show the state",
        HelpName = "states",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _type = new("--type")
    {
        Description = "With list: the types to keep, such as classic,consumer, or none to show it",
        HelpName = "types",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "With reset-offsets: only show what would be set (the default)" };

    /// <summary>The connection.</summary>
    public ConnectionOptions Connection { get; } = new();

    /// <summary>All groups.</summary>
    public Option<bool> AllGroups { get; } = new("--all-groups") { Description = "All groups instead of named ones" };

    /// <summary>Topics, perhaps with partitions.</summary>
    public Option<string[]> Topics { get; } = new("--topic")
    {
        Description = "A topic, perhaps with partitions; can be given several times",
        HelpName = "name[:0,1,...]",
        AllowMultipleArgumentsPerToken = false,
    };

    /// <summary>All topics that the group has offsets of.</summary>
    public Option<bool> AllTopics { get; } = new("--all-topics") { Description = "All topics that the group has offsets of" };

    /// <summary>Show members.</summary>
    public Option<bool> Members { get; } = new("--members") { Description = "With describe: show the members" };

    /// <summary>Show offsets.</summary>
    public Option<bool> Offsets { get; } = new("--offsets") { Description = "With describe: show the offsets (the default)" };

    /// <summary>Write what is shown.</summary>
    public Option<bool> Execute { get; } = new("--execute") { Description = "With reset-offsets: set the offsets" };

    /// <summary>Where to.</summary>
    public ResetOptions Reset { get; } = new();

    /// <summary>Adds everything to the command, with the checks that concern several options.</summary>
    public void AddTo(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        command.Add(_words);
        foreach ((_, _, Option<bool> option) in _actions) command.Add(option);
        foreach (Option option in (Option[])[_group, AllGroups, Topics, AllTopics, Offsets, Members, _state, _type]) command.Add(option);
        Reset.AddTo(command);
        command.Add(_dryRun);
        command.Add(Execute);
        Connection.AddTo(command);
        command.Validators.Add(Check);
    }

    /// <summary>What is to be done.</summary>
    public GroupsAction Action(ParseResult parsed)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        return Chosen(parsed.CommandResult)[0];
    }

    /// <summary>The groups that are named.</summary>
    public IReadOnlyList<string> Groups(ParseResult parsed)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        return GroupsOf(parsed.CommandResult);
    }

    /// <summary>The states to keep in a list.</summary>
    public IReadOnlyList<string> States(ParseResult parsed) => Split(parsed.GetValue(_state));

    /// <summary>The types to keep in a list.</summary>
    public IReadOnlyList<string> Types(ParseResult parsed) => Split(parsed.GetValue(_type));

    /// <summary>Whether states are to be shown.</summary>
    public bool ShowsState(ParseResult parsed) => parsed.GetResult(_state) is not null;

    /// <summary>Whether types are to be shown.</summary>
    public bool ShowsType(ParseResult parsed) => parsed.GetResult(_type) is not null;

    private void Check(CommandResult result)
    {
        List<GroupsAction> chosen = Chosen(result);
        string all = string.Join(", ", _actions.Select(one => one.Word));
        if (chosen.Count != 1)
        {
            string[] words = Words(result);
            result.AddError(chosen.Count == 0 && words.Length > 0 ? $"'{words[0]}' is no action: {all}" : $"Exactly one action is needed: {all}");
            return;
        }

        GroupsAction action = chosen[0];
        List<string> groups = GroupsOf(result);
        bool isAll = result.GetValue(AllGroups);
        if (action == GroupsAction.List && (groups.Count > 0 || isAll)) result.AddError("list shows all groups: it takes no names");
        if (action != GroupsAction.List && groups.Count > 0 == isAll) result.AddError("Name groups, or give --all-groups");
        if (groups.Exists(group => group.Length == 0)) result.AddError("A group has an id");
        if (action == GroupsAction.DeleteOffsets && (isAll || groups.Count > 1)) result.AddError("delete-offsets is for one group");
        if (action is GroupsAction.DeleteOffsets && !Given(Topics)) result.AddError("--topic is required with delete-offsets");
        if (action is GroupsAction.ResetOffsets && Given(Topics) == result.GetValue(AllTopics)) result.AddError("reset-offsets needs --topic or --all-topics");
        Only(Topics, action is GroupsAction.DeleteOffsets or GroupsAction.ResetOffsets, "delete-offsets and reset-offsets");
        Only(AllTopics, action is GroupsAction.ResetOffsets, "reset-offsets");
        Only(Members, action is GroupsAction.Describe, "describe");
        Only(Offsets, action is GroupsAction.Describe, "describe");
        Only(_state, action is GroupsAction.Describe or GroupsAction.List, "list and describe");
        Only(_type, action is GroupsAction.List, "list");
        Only(_dryRun, action is GroupsAction.ResetOffsets, "reset-offsets");
        Only(Execute, action is GroupsAction.ResetOffsets, "reset-offsets");
        if (((Option[])[Members, Offsets, _state]).Count(Given) > 1 && action is GroupsAction.Describe)
            result.AddError("--offsets, --members and --state exclude each other");
        if (result.GetValue(_dryRun) && result.GetValue(Execute)) result.AddError("--dry-run and --execute exclude each other");
        foreach (string topic in result.GetValue(Topics) ?? [])
        {
            if (TopicSelection.Parse(topic, out string problem) is null) result.AddError($"--topic '{topic}': {problem}");
        }

        Reset.Check(result, isNeeded: action is GroupsAction.ResetOffsets);

        bool Given(Option option) => result.GetResult(option) is { Implicit: false };
        void Only(Option option, bool allowed, string with)
        {
            if (!allowed && Given(option)) result.AddError($"{option.Name} goes only with {with}");
        }
    }

    private List<GroupsAction> Chosen(CommandResult result)
    {
        List<GroupsAction> byOption = [.. _actions.Where(one => result.GetValue(one.Option)).Select(one => one.Action)];
        return byOption.Count > 0
            ? byOption
            : [.. _actions.Where(one => Words(result) is [var first, ..] && first == one.Word).Select(one => one.Action)];
    }

    private string[] Words(CommandResult result) => result.GetValue(_words) ?? [];

    private List<string> GroupsOf(CommandResult result)
    {
        bool byOption = _actions.Any(one => result.GetValue(one.Option));
        List<string> groups = [.. Words(result).Skip(byOption ? 0 : 1), .. result.GetValue(_group) ?? []];
        // `describe --state GROUP` reads the group as the option's value: describe takes no states.
        if (Chosen(result) is [GroupsAction.Describe] && result.GetValue(_state) is { } word) groups.Add(word);
        return [.. groups.Distinct(StringComparer.Ordinal)];
    }

    private static string[] Split(string? text) => (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
