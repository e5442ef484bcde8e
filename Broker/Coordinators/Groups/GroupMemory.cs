namespace KBroker.Broker.Coordinators.Groups;

/// <summary>
/// What all groups of this broker may hold in memory of what clients send them. Sizes are estimates of the managed heap: objects at a
/// flat rate, texts and bytes by their length.
/// </summary>
public sealed class GroupMemory
{
    private const long LeastForMembers = 64L << 20;
    private const long LeastForOffsets = 128L << 20;
    private const int MembersShare = 32;
    private const int OffsetsShare = 8;

    /// <param name="settings">The bounds in force.</param>
    /// <param name="totalMemory">What the process may use, bytes: bounds that are not set are shares of it.</param>
    public GroupMemory(Func<GroupConfig> settings, long totalMemory)
    {
        ArgumentNullException.ThrowIfNull(settings);
        long members = Math.Max(LeastForMembers, totalMemory / MembersShare);
        long offsets = Math.Max(LeastForOffsets, totalMemory / OffsetsShare);
        Members = new MemoryPool(() => settings().AllGroupsMaxBytes is var set and >= 0 ? set : members);
        Offsets = new MemoryPool(() => settings().OffsetsMaxBytes is var set and >= 0 ? set : offsets);
    }

    private GroupMemory(MemoryPool members, MemoryPool offsets) => (Members, Offsets) = (members, offsets);

    /// <summary>Groups and their members.</summary>
    public MemoryPool Members { get; }

    /// <summary>Committed offsets, and those that open transactions hold back.</summary>
    public MemoryPool Offsets { get; }

    /// <summary>One without bounds.</summary>
    public static GroupMemory Unbounded() => new(new MemoryPool(static () => long.MaxValue), new MemoryPool(static () => long.MaxValue));
}
