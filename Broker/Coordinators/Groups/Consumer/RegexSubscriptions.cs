using KBroker.Broker.Coordinators.Groups.Subscriptions;
using KBroker.Controller.Metadata;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>
/// The expressions by which members of a group subscribe to topics: which there are, and which topics they name. Matched with the topics
/// when a member brings one and whenever a topic has come or gone.
/// </summary>
/// <remarks>
/// Matching holds up all groups of the shard, so that one event does no more of it than <see cref="MaxWork"/>. An expression that needs
/// more by itself is refused when a member brings it; one that comes to need more as topics are created goes on naming what it named.
/// </remarks>
/// <param name="services">Topics and clock.</param>
internal sealed class RegexSubscriptions(GroupServices services)
{
    /// <summary>The work that matching may be for one event, in steps of an expression looked at: about 100 ms.</summary>
    internal const long MaxWork = 20_000_000;

    /// <summary>
    /// How many expressions are kept with what they name, for groups that use the same one. Whoever sends heartbeats chooses what is
    /// kept, and no group's memory counts it, hence few.
    /// </summary>
    internal const int MostKept = 8;

    private const int WorkOfPatternCharacter = 100;

    // The one used last is at the end. All were matched with the topics of one version.
    private readonly List<Matched> _recent = [];
    private MetadataVersion? _recentVersion;

    /// <summary>How many expressions are kept with what they name.</summary>
    internal int Kept => _recent.Count;

    /// <summary>A member subscribes by another expression than before; the draft knows the member already.</summary>
    /// <returns>What is wrong with the expression, or null.</returns>
    public string? Change(ConsumerGroupDraft draft, string? before, string? after)
    {
        if (before is not null) RemoveUnused(draft);
        if (after is null || draft.State.Regexes.ContainsKey(after)) return null;
        ClusterMetadataImage image = services.Topics();
        long left = MaxWork;
        Matched matched = Match(after, image, ref left);
        if (matched.Topics is null) return matched.Error;
        draft.Write(new ConsumerGroupChange.Regex(after, Resolved(matched.Topics, image)));
        return null;
    }

    /// <summary>
    /// Matches the group's expressions again if topics have come or gone since it last did; those that are too much work for one event
    /// wait for the next.
    /// </summary>
    /// <returns>Whether one of them names other topics than before.</returns>
    public bool Refresh(ConsumerGroup group, ConsumerGroupDraft draft)
    {
        ClusterMetadataImage image = services.Topics();
        RegexProgress? before = group.RegexProgress;
        bool sameTopics = before is not null && before.Topics == image.TopicSetVersion;
        if (draft.State.Regexes.IsEmpty || (sameTopics && before!.Pending.Count == 0)) return false;
        // Who waited longest comes first, however often topics come and go.
        List<string> pending = [.. before?.Pending ?? []];
        if (!sameTopics) pending.AddRange(draft.State.Regexes.Keys.Except(pending));
        bool moved = false;
        long left = MaxWork;
        int done = 0;
        for (; done < pending.Count; done++)
        {
            if (!draft.State.Regexes.TryGetValue(pending[done], out ResolvedRegex? known)) continue;
            bool isWhole = left == MaxWork;
            IReadOnlyList<string>? topics = Match(pending[done], image, ref left).Topics;
            if (left < 0 && !isWhole) break;
            // One that another broker took and this one does not understand, or that is too much work, names what it named.
            if (topics is null || topics.SequenceEqual(known.Topics)) continue;
            draft.Write(new ConsumerGroupChange.Regex(pending[done], Resolved(topics, image)));
            moved = true;
        }

        draft.RegexProgress = new RegexProgress(image.TopicSetVersion, pending[done..]);
        return moved;
    }

    /// <summary>Forgets the expressions by which no member subscribes any more.</summary>
    public static void RemoveUnused(ConsumerGroupDraft draft)
    {
        if (draft.State.Regexes.IsEmpty) return;
        HashSet<string> used = [.. draft.State.Members.Values.Select(member => member.Subscription.Regex).OfType<string>()];
        foreach (string expression in draft.State.Regexes.Keys.Where(expression => !used.Contains(expression)))
            draft.Write(new ConsumerGroupChange.Regex(expression, null));
    }

    private ResolvedRegex Resolved(IReadOnlyList<string> topics, ClusterMetadataImage image) =>
        new(topics, image.TopicSetVersion.Number, services.WallClockMs());

    /// <summary>What an expression names. With less than <see cref="MaxWork"/> left, that it was too little says nothing of the expression.</summary>
    private Matched Match(string expression, ClusterMetadataImage image, ref long left)
    {
        if (_recentVersion != image.TopicSetVersion) _recent.Clear();
        _recentVersion = image.TopicSetVersion;
        int index = _recent.FindIndex(kept => kept.Expression == expression);
        Matched matched;
        if (index >= 0)
        {
            matched = _recent[index];
            _recent.RemoveAt(index);
        }
        else
        {
            bool isWhole = left == MaxWork;
            left -= WorkOfPatternCharacter * (1L + Math.Min(expression.Length, TopicRegex.MaxLength));
            if (!TopicRegex.TryParse(expression, out TopicRegex? regex, out string? error)) return new Matched(expression, null, error);
            matched = MatchAll(regex, image, ref left);
            if (left < 0 && !isWhole) return matched;
        }

        if (_recent.Count == MostKept) _recent.RemoveAt(0);
        _recent.Add(matched);
        return matched;
    }

    private static Matched MatchAll(TopicRegex regex, ClusterMetadataImage image, ref long left)
    {
        var names = new List<string>();
        foreach (TopicImage topic in image.Topics)
        {
            if (!regex.TryMatch(topic.Name, ref left, out bool matches))
            {
                return new Matched(
                    regex.Pattern, null, $"matching it with the names of the {image.Topics.Count()} topics takes more than the {MaxWork} steps that are allowed");
            }

            if (matches) names.Add(topic.Name);
        }

        return new Matched(regex.Pattern, MemberSubscription.Ordered(names), null);
    }

    /// <summary>What an expression names, or why that is not known.</summary>
    private readonly record struct Matched(string Expression, IReadOnlyList<string>? Topics, string? Error);
}
