using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using KBroker.Broker.Coordinators.Groups.Assignors;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>
/// What a consumer group remembers: the sum of its records. Never changes; <see cref="Apply"/> makes the next one, so that what an event
/// would do can be thrown away when its records cannot be written.
/// </summary>
/// <remarks>
/// <see cref="AssignmentEpoch"/> ≤ <see cref="GroupEpoch"/>. A partition has one owner: the member that it is assigned to, or that was
/// told to let it go and has not.
/// </remarks>
public sealed class ConsumerGroupState
{
    private static readonly ImmutableDictionary<string, SubscribedTopic> NoTopics = ImmutableDictionary<string, SubscribedTopic>.Empty;

    // Members that name the same topics one after another share one list, which is then looked at once.
    private IReadOnlyList<string> _lastTopics = [];

    private ConsumerGroupState()
    {
    }

    /// <summary>A group without members, in epoch 0.</summary>
    public static ConsumerGroupState Empty { get; } = new();

    /// <summary>Rises whenever a new target assignment is needed.</summary>
    public int GroupEpoch { get; private init; }

    /// <summary>The group's epoch for which the target assignment was made.</summary>
    public int AssignmentEpoch { get; private init; }

    /// <summary>When the target assignment was made: wall-clock milliseconds; 0 if that is not known.</summary>
    public long AssignmentTimestampMs { get; private init; }

    /// <summary>The topics that members subscribe to and that exist, by name, as of the group's epoch.</summary>
    public ImmutableDictionary<string, SubscribedTopic> Topics { get; private init; } = NoTopics;

    /// <summary>The members, by id.</summary>
    public ImmutableDictionary<string, ConsumerMember> Members { get; private init; } = ImmutableDictionary.Create<string, ConsumerMember>(StringComparer.Ordinal);

    /// <summary>The ids of the static members, by instance id.</summary>
    public ImmutableDictionary<string, string> StaticMembers { get; private init; } = ImmutableDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>What each member is to have, by id.</summary>
    public ImmutableDictionary<string, TopicPartitionSet> Targets { get; private init; } = ImmutableDictionary.Create<string, TopicPartitionSet>(StringComparer.Ordinal);

    /// <summary>The expressions that members subscribe by, with the topics they name.</summary>
    public ImmutableDictionary<string, ResolvedRegex> Regexes { get; private init; } = ImmutableDictionary.Create<string, ResolvedRegex>(StringComparer.Ordinal);

    /// <summary>The member that holds each partition.</summary>
    public ImmutableDictionary<(Guid Topic, int Partition), string> Owners { get; private init; } = ImmutableDictionary<(Guid Topic, int Partition), string>.Empty;

    /// <summary>Where the group stands, under Kafka's names.</summary>
    public ConsumerGroupPhase Phase
    {
        get
        {
            if (Members.IsEmpty) return ConsumerGroupPhase.Empty;
            if (GroupEpoch > AssignmentEpoch) return ConsumerGroupPhase.Assigning;
            return Members.Values.All(member => member.IsReconciledTo(AssignmentEpoch)) ? ConsumerGroupPhase.Stable : ConsumerGroupPhase.Reconciling;
        }
    }

    /// <summary>Finds a static member.</summary>
    public bool TryGetStatic(string instanceId, [NotNullWhen(true)] out ConsumerMember? member)
    {
        member = null;
        return StaticMembers.TryGetValue(instanceId, out string? id) && Members.TryGetValue(id, out member);
    }

    /// <summary>What a member is to have.</summary>
    public TopicPartitionSet TargetOf(string memberId) => Targets.GetValueOrDefault(memberId, TopicPartitionSet.Empty);

    /// <summary>The topics that a member subscribes to, by name or by an expression that is resolved.</summary>
    public IEnumerable<string> TopicNamesOf(ConsumerMember member)
    {
        ArgumentNullException.ThrowIfNull(member);
        MemberSubscription subscription = member.Subscription;
        return subscription.Regex is not null && Regexes.TryGetValue(subscription.Regex, out ResolvedRegex? resolved)
            ? subscription.Topics.Concat(resolved.Topics)
            : subscription.Topics;
    }

    /// <summary>The ids of the topics that a member subscribes to and that exist, as of the group's epoch.</summary>
    public IReadOnlySet<Guid> TopicIdsOf(ConsumerMember member)
    {
        var ids = new HashSet<Guid>();
        foreach (string name in TopicNamesOf(member))
        {
            if (Topics.TryGetValue(name, out SubscribedTopic topic)) ids.Add(topic.Id);
        }

        return ids;
    }

    /// <summary>All topics that members subscribe to, whether they exist or not.</summary>
    public HashSet<string> SubscribedTopicNames()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        foreach (ConsumerMember member in Members.Values)
        {
            if (seen.Add(member.Subscription.Topics)) names.UnionWith(member.Subscription.Topics);
        }

        foreach (ResolvedRegex resolved in Regexes.Values) names.UnionWith(resolved.Topics);
        return names;
    }

    /// <summary>The state after one more record.</summary>
    public ConsumerGroupState Apply(ConsumerGroupChange change) => change switch
    {
        ConsumerGroupChange.Group group => group.Epoch is { } epoch ? With(groupEpoch: epoch) : Empty,
        ConsumerGroupChange.Topics topics => With(topics: topics.ByName is null ? NoTopics : ImmutableDictionary.CreateRange(StringComparer.Ordinal, topics.ByName)),
        ConsumerGroupChange.TargetEpoch target => With(assignmentEpoch: target.Epoch ?? -1, assignmentTimestampMs: target.TimestampMs),
        ConsumerGroupChange.Target target => With(targets: target.Partitions is null ? Targets.Remove(target.MemberId) : Targets.SetItem(target.MemberId, target.Partitions)),
        ConsumerGroupChange.Regex regex => With(regexes: regex.Resolved is null ? Regexes.Remove(regex.Expression) : Regexes.SetItem(regex.Expression, regex.Resolved)),
        ConsumerGroupChange.Member { Subscription: null } gone => WithoutMember(gone.Id),
        ConsumerGroupChange.Member { Subscription: { } subscription } member => WithSubscription(member.Id, subscription),
        ConsumerGroupChange.Current current => WithCurrent(current.MemberId, current.Assignment ?? CurrentAssignment.None, current.Assignment is not null),
        _ => throw new ArgumentOutOfRangeException(nameof(change)),
    };

    private ConsumerGroupState WithSubscription(string id, MemberSubscription subscription)
    {
        ConsumerMember old = Members.GetValueOrDefault(id) ?? ConsumerMember.New(id);
        IReadOnlyList<string> topics = subscription.Topics.SequenceEqual(_lastTopics) ? _lastTopics : subscription.Topics;
        subscription = subscription with { Topics = topics };
        ImmutableDictionary<string, string> statics = WithoutStatic(old);
        if (subscription.InstanceId is not null) statics = statics.SetItem(subscription.InstanceId, id);
        ConsumerGroupState next = With(members: Members.SetItem(id, old with { Subscription = subscription }), statics: statics);
        next._lastTopics = topics;
        return next;
    }

    private ConsumerGroupState WithoutMember(string id)
    {
        if (!Members.TryGetValue(id, out ConsumerMember? member)) return this;
        return With(members: Members.Remove(id), statics: WithoutStatic(member), owners: WithoutOwner(member));
    }

    private ConsumerGroupState WithCurrent(string id, CurrentAssignment current, bool create)
    {
        if (!Members.TryGetValue(id, out ConsumerMember? old))
        {
            if (!create) return this;
            old = ConsumerMember.New(id);
        }

        ImmutableDictionary<(Guid, int), string>.Builder owners = WithoutOwner(old).ToBuilder();
        foreach ((Guid, int) partition in current.Assigned.Set.All) owners[partition] = id;
        foreach ((Guid, int) partition in current.PendingRevocation.Set.All) owners[partition] = id;
        return With(members: Members.SetItem(id, old with { Current = current }), owners: owners.ToImmutable());
    }

    private ImmutableDictionary<string, string> WithoutStatic(ConsumerMember member) =>
        member.InstanceId is { } instance && StaticMembers.GetValueOrDefault(instance) == member.Id ? StaticMembers.Remove(instance) : StaticMembers;

    private ImmutableDictionary<(Guid Topic, int Partition), string> WithoutOwner(ConsumerMember member)
    {
        if (member.Current.Assigned.IsEmpty && member.Current.PendingRevocation.IsEmpty) return Owners;
        ImmutableDictionary<(Guid, int), string>.Builder owners = Owners.ToBuilder();
        foreach ((Guid, int) partition in member.Current.Assigned.Set.All.Concat(member.Current.PendingRevocation.Set.All))
        {
            if (owners.TryGetValue(partition, out string? owner) && owner == member.Id) owners.Remove(partition);
        }

        return owners.ToImmutable();
    }

    private ConsumerGroupState With(
        int? groupEpoch = null,
        int? assignmentEpoch = null,
        long? assignmentTimestampMs = null,
        ImmutableDictionary<string, SubscribedTopic>? topics = null,
        ImmutableDictionary<string, ConsumerMember>? members = null,
        ImmutableDictionary<string, string>? statics = null,
        ImmutableDictionary<string, TopicPartitionSet>? targets = null,
        ImmutableDictionary<string, ResolvedRegex>? regexes = null,
        ImmutableDictionary<(Guid Topic, int Partition), string>? owners = null) => new()
        {
            _lastTopics = _lastTopics,
            GroupEpoch = groupEpoch ?? GroupEpoch,
            AssignmentEpoch = assignmentEpoch ?? AssignmentEpoch,
            AssignmentTimestampMs = assignmentTimestampMs ?? AssignmentTimestampMs,
            Topics = topics ?? Topics,
            Members = members ?? Members,
            StaticMembers = statics ?? StaticMembers,
            Targets = targets ?? Targets,
            Regexes = regexes ?? Regexes,
            Owners = owners ?? Owners,
        };
}

/// <summary>Where a consumer group stands, under Kafka's names.</summary>
public enum ConsumerGroupPhase
{
    /// <summary>No members; there may be offsets.</summary>
    Empty,

    /// <summary>A new target assignment is needed.</summary>
    Assigning,

    /// <summary>Members are on their way to the target.</summary>
    Reconciling,

    /// <summary>Everybody has what the target says.</summary>
    Stable,

    /// <summary>The group is gone.</summary>
    Dead,
}
