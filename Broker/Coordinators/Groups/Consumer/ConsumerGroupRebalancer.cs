using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Controller.Metadata;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>The steps that lead a group from what its members ask for to what they have: epochs, target, reconciliation.</summary>
/// <param name="services">Settings, topics and assignors.</param>
internal sealed class ConsumerGroupRebalancer(GroupServices services)
{
    /// <summary>
    /// Looks at the topics again, when what members subscribe to has changed or the cluster's metadata has; raises the group's epoch if
    /// that or something else makes a new target necessary.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <param name="draft">What happens to it.</param>
    /// <param name="mustBump">Whether a new target is necessary in any case.</param>
    public void UpdateTopics(ConsumerGroup group, ConsumerGroupDraft draft, bool mustBump)
    {
        ClusterMetadataImage image = services.Topics();
        if (!mustBump && group.SeenVersion == image.Version) return;
        var topics = new Dictionary<string, SubscribedTopic>(StringComparer.Ordinal);
        foreach (string name in draft.State.SubscribedTopicNames())
        {
            if (image.TryGetTopic(name, out TopicImage? topic)) topics[name] = new SubscribedTopic(topic.Id, topic.Partitions.Length);
        }

        bool changed = topics.Count != draft.State.Topics.Count
            || topics.Any(topic => !draft.State.Topics.TryGetValue(topic.Key, out SubscribedTopic known) || known != topic.Value);
        if (changed) draft.Write(new ConsumerGroupChange.Topics(topics));
        if (changed || mustBump) draft.Write(new ConsumerGroupChange.Group(draft.State.GroupEpoch + 1));
        draft.SeenVersion = image.Version;
    }

    /// <summary>Makes a new target assignment if the group's epoch has passed that of the present one.</summary>
    public void UpdateTarget(ConsumerGroup group, ConsumerGroupDraft draft)
    {
        ConsumerGroupState state = draft.State;
        if (state.AssignmentEpoch >= state.GroupEpoch) return;
        TargetAssignment target = Assignor(group, state).Assign(Input(state));
        foreach (ConsumerMember member in state.Members.Values)
        {
            TopicPartitionSet given = target.Members.GetValueOrDefault(member.Id, TopicPartitionSet.Empty);
            if (!state.Targets.TryGetValue(member.Id, out TopicPartitionSet? before) || !before.Equals(given))
                draft.Write(new ConsumerGroupChange.Target(member.Id, given));
        }

        draft.Write(new ConsumerGroupChange.TargetEpoch(state.GroupEpoch, services.WallClockMs()));
    }

    /// <summary>Leads a member one step on.</summary>
    /// <returns>The member afterwards.</returns>
    public static ConsumerMember Reconcile(ConsumerGroupDraft draft, string memberId, TopicPartitionSet? owned, bool subscriptionChanged)
    {
        ConsumerMember member = draft.State.Members[memberId];
        if (!subscriptionChanged && member.IsReconciledTo(draft.State.AssignmentEpoch)) return member;
        CurrentAssignment next = new MemberReconciler(draft.State, member, owned, subscriptionChanged).Next();
        if (next.Equals(member.Current)) return member;
        draft.Write(new ConsumerGroupChange.Current(memberId, next));
        return draft.State.Members[memberId];
    }

    /// <summary>The assignor that most members ask for; where nobody asks for one, the default.</summary>
    public static string PreferredAssignor(ConsumerGroup group, ConsumerGroupState state)
    {
        IReadOnlyList<string> known = group.Config.Assignors;
        int[] votes = new int[known.Count];
        foreach (ConsumerMember member in state.Members.Values)
        {
            if (member.Subscription.Assignor is not { } wanted) continue;
            for (int i = 0; i < votes.Length; i++)
            {
                if (known[i] == wanted) votes[i]++;
            }
        }

        return known[Array.IndexOf(votes, votes.Max())];
    }

    private IPartitionAssignor Assignor(ConsumerGroup group, ConsumerGroupState state)
    {
        string name = PreferredAssignor(group, state);
        return services.Assignors.First(assignor => assignor.Name == name);
    }

    private AssignmentInput Input(ConsumerGroupState state)
    {
        ClusterMetadataImage image = services.Topics();
        var topics = new Dictionary<Guid, AssignmentTopic>();
        foreach ((string name, SubscribedTopic topic) in state.Topics)
            topics[topic.Id] = new AssignmentTopic(topic.Id, name, topic.Partitions, Racks(image, topic.Id));
        // Most members of a group subscribe to the same: they share one set.
        var sets = new Dictionary<(string Names, string? Regex), IReadOnlySet<Guid>>();
        var members = new List<AssignmentMember>(state.Members.Count);
        (IReadOnlyList<string>? topicsBefore, string names) = (null, "");
        foreach (ConsumerMember member in state.Members.Values.OrderBy(member => member.Id, StringComparer.Ordinal))
        {
            if (!ReferenceEquals(member.Subscription.Topics, topicsBefore)) names = string.Join('\n', topicsBefore = member.Subscription.Topics);
            (string, string?) key = (names, member.Subscription.Regex);
            if (!sets.TryGetValue(key, out IReadOnlySet<Guid>? subscribed)) sets.Add(key, subscribed = state.TopicIdsOf(member));
            members.Add(new AssignmentMember(member.Id, member.InstanceId, member.Subscription.RackId, subscribed, state.TargetOf(member.Id)));
        }

        return new AssignmentInput(members, topics);
    }

    private static IReadOnlyList<IReadOnlyList<string>> Racks(ClusterMetadataImage image, Guid topic)
    {
        if (image.Brokers.Values.All(broker => broker.Rack is null) || !image.TryGetTopic(topic, out TopicImage? found)) return [];
        return [.. found.Partitions.Select(partition => RacksOf(image, partition))];
    }

    private static string[] RacksOf(ClusterMetadataImage image, PartitionImage partition) =>
        [.. partition.Replicas.Select((BrokerId id) => image.Brokers.TryGetValue(id, out BrokerRegistration? broker) ? broker.Rack : null).OfType<string>()];
}
