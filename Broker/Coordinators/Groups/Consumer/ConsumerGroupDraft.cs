using KBroker.Controller.Metadata;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>
/// What an event does to a group: the records that it writes, and the state that they make. Counts once the records are appended, all
/// or none.
/// </summary>
/// <param name="groupId">The group.</param>
/// <param name="state">Its state before.</param>
internal sealed class ConsumerGroupDraft(string groupId, ConsumerGroupState state)
{
    private readonly List<CoordinatorRecord> _records = [];
    private readonly HashSet<string> _touched = new(StringComparer.Ordinal);

    /// <summary>The state as of the last change.</summary>
    public ConsumerGroupState State { get; private set; } = state;

    /// <summary>The metadata that the topics were looked at in; null if they were not.</summary>
    public MetadataVersion? SeenVersion { get; set; }

    /// <summary>How far the expressions were matched; null if they were not.</summary>
    public RegexProgress? RegexProgress { get; set; }

    /// <summary>The records, in order.</summary>
    public IReadOnlyList<CoordinatorRecord> Records => _records;

    /// <summary>The members that changed, came or went.</summary>
    public IReadOnlyCollection<string> Touched => _touched;

    /// <summary>Adds a record of another kind, which does not concern the state.</summary>
    public void Write(CoordinatorRecord record) => _records.Add(record);

    /// <summary>Adds a change.</summary>
    public void Write(ConsumerGroupChange change)
    {
        _records.Add(ConsumerGroupRecords.Write(groupId, change));
        State = State.Apply(change);
        if (change is ConsumerGroupChange.Member member) _touched.Add(member.Id);
        else if (change is ConsumerGroupChange.Current current) _touched.Add(current.MemberId);
    }

    /// <summary>Takes a member out.</summary>
    public void Remove(string memberId)
    {
        Write(new ConsumerGroupChange.Current(memberId, null));
        Write(new ConsumerGroupChange.Target(memberId, null));
        Write(new ConsumerGroupChange.Member(memberId, null));
    }

    /// <summary>Takes everything out: the group goes.</summary>
    public void RemoveAll()
    {
        foreach (string memberId in State.Members.Keys) Remove(memberId);
        foreach (string memberId in State.Targets.Keys) Write(new ConsumerGroupChange.Target(memberId, null));
        Write(new ConsumerGroupChange.TargetEpoch(null, 0));
        foreach (string expression in State.Regexes.Keys) Write(new ConsumerGroupChange.Regex(expression, null));
        Write(new ConsumerGroupChange.Topics(null));
        Write(new ConsumerGroupChange.Group(null));
    }
}
