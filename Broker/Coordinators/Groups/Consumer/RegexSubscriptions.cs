using KBroker.Broker.Coordinators.Groups.Subscriptions;
using KBroker.Controller.Metadata;

namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>
/// The expressions by which members of a group subscribe to topics: which there are, and which topics they name. Matched with the topics
/// when a member brings one and whenever a topic has come or gone; linear in the length of the names.
/// </summary>
/// <param name="services">Topics and clock.</param>
internal sealed class RegexSubscriptions(GroupServices services)
{
    private const int MostKept = 1_000;

    // Groups of one shard often use the same expression.
    private readonly Dictionary<string, Matched> _matched = new(StringComparer.Ordinal);

    /// <summary>A member subscribes by another expression than before; the draft knows the member already.</summary>
    /// <returns>What is wrong with the expression, or null.</returns>
    public string? Change(ConsumerGroupDraft draft, string? before, string? after)
    {
        if (before is not null) RemoveUnused(draft);
        if (after is null || draft.State.Regexes.ContainsKey(after)) return null;
        if (!TryMatch(after, out ResolvedRegex? resolved, out string? error)) return error;
        draft.Write(new ConsumerGroupChange.Regex(after, resolved));
        return null;
    }

    /// <summary>
    /// Matches the group's expressions again if topics have come or gone since that was last done, whatever the group has seen of the
    /// metadata in other ways since.
    /// </summary>
    /// <returns>Whether one of them names other topics than before.</returns>
    public bool Refresh(ConsumerGroup group, ConsumerGroupDraft draft)
    {
        // Read before the topics are: what comes in between is matched once more.
        MetadataVersion version = services.Topics().TopicSetVersion;
        if (draft.State.Regexes.IsEmpty || group.MatchedVersion == version) return false;
        draft.MatchedVersion = version;
        bool moved = false;
        foreach ((string expression, ResolvedRegex known) in draft.State.Regexes)
        {
            // One that another broker took and this one does not understand names what it named.
            if (!TryMatch(expression, out ResolvedRegex? resolved, out _) || resolved!.Topics.SequenceEqual(known.Topics)) continue;
            draft.Write(new ConsumerGroupChange.Regex(expression, resolved));
            moved = true;
        }

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

    private bool TryMatch(string expression, out ResolvedRegex? resolved, out string? error)
    {
        (resolved, error) = (null, null);
        ClusterMetadataImage image = services.Topics();
        if (!_matched.TryGetValue(expression, out Matched matched) || matched.Version != image.TopicSetVersion)
        {
            TopicRegex? regex = matched.Regex;
            if (regex is null && !TopicRegex.TryParse(expression, out regex, out error)) return false;
            if (_matched.Count >= MostKept) _matched.Clear();
            matched = new Matched(regex, image.TopicSetVersion, MemberSubscription.Ordered(image.Topics.Select(topic => topic.Name).Where(regex.IsMatch)));
            _matched[expression] = matched;
        }

        resolved = new ResolvedRegex(matched.Topics, image.TopicSetVersion.Number, services.WallClockMs());
        return true;
    }

    private readonly record struct Matched(TopicRegex Regex, MetadataVersion Version, IReadOnlyList<string> Topics);
}
