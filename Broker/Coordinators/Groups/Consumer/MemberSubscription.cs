namespace KBroker.Broker.Coordinators.Groups.Consumer;

/// <summary>What a member asks for and who it is: what a MemberMetadata record says.</summary>
public sealed record MemberSubscription
{
    /// <summary>Of a member that has not said anything.</summary>
    public static MemberSubscription None { get; } = new();

    /// <summary>The id that a static member gave itself; null for a dynamic one.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Its rack; null if it did not say.</summary>
    public string? RackId { get; init; }

    /// <summary>The client's name for itself, and its address.</summary>
    public MemberClient Client { get; init; } = new("", "");

    /// <summary>The topics it names, in order, none twice.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>The expression that names further topics; null for none.</summary>
    public string? Regex { get; init; }

    /// <summary>How long it may take to let partitions go, milliseconds.</summary>
    public int RebalanceTimeoutMs { get; init; } = -1;

    /// <summary>The assignor it would like; null for any.</summary>
    public string? Assignor { get; init; }

    /// <summary>What a member of the classic protocol said besides; null for one of the consumer protocol.</summary>
    public ClassicMetadata? Classic { get; init; }

    /// <summary>Names as <see cref="Topics"/> holds them.</summary>
    public static string[] Ordered(IEnumerable<string> topics)
    {
        string[] names = [.. topics.Distinct(StringComparer.Ordinal)];
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    /// <summary>Whether another one names the same topics.</summary>
    public bool HasSameTopics(MemberSubscription other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ReferenceEquals(Topics, other.Topics) || Topics.SequenceEqual(other.Topics);
    }

    /// <inheritdoc/>
    public bool Equals(MemberSubscription? other) => other is not null
        && InstanceId == other.InstanceId && RackId == other.RackId && Client == other.Client && HasSameTopics(other)
        && Regex == other.Regex && RebalanceTimeoutMs == other.RebalanceTimeoutMs && Assignor == other.Assignor
        && Equals(Classic, other.Classic);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(InstanceId, Client, Regex, Topics.Count);
}

/// <summary>What JoinGroup said of a member of the classic protocol that is in a consumer group.</summary>
/// <param name="SessionTimeoutMs">How long it may be silent, milliseconds.</param>
/// <param name="Protocols">The assignors it knows, its favourite first, with its subscription in ConsumerProtocol's bytes.</param>
public sealed record ClassicMetadata(int SessionTimeoutMs, IReadOnlyList<MemberProtocol> Protocols)
{
    /// <inheritdoc/>
    public bool Equals(ClassicMetadata? other)
    {
        if (other is null || SessionTimeoutMs != other.SessionTimeoutMs || Protocols.Count != other.Protocols.Count) return false;
        for (int i = 0; i < Protocols.Count; i++)
        {
            if (Protocols[i].Name != other.Protocols[i].Name
                || !Protocols[i].Metadata.AsSpan().SequenceEqual(other.Protocols[i].Metadata)) return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(SessionTimeoutMs, Protocols.Count);
}
