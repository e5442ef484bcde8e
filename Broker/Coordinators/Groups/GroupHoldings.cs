using KBroker.Protocol;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>
/// What one group holds of the memory of all. Growth is asked for first: a group that is at its own bound is full, one that meets the
/// bound of all may try again later. Who holds no more than before is never refused, so groups go on as they are.
/// </summary>
public sealed class GroupHoldings
{
    private const int BytesOfGroup = 1_500;
    private const int BytesOfPendingMember = 500;
    private readonly GroupServices _services;
    private bool _released;

    /// <summary>Begins with what the group itself takes.</summary>
    /// <param name="services">The bounds, and what all groups hold.</param>
    /// <param name="groupId">The group's name.</param>
    public GroupHoldings(GroupServices services, string groupId)
    {
        ArgumentNullException.ThrowIfNull(services);
        _services = services;
        Add(SizeOfGroup(groupId));
    }

    /// <summary>The bytes held.</summary>
    public long Bytes { get; private set; }

    /// <summary>About what a group without members takes, bytes.</summary>
    public static long SizeOfGroup(string groupId) => BytesOfGroup + SizeOf(groupId);

    /// <summary>About what an id takes that was given out, bytes.</summary>
    public static long SizeOfPending(string memberId) => BytesOfPendingMember + SizeOf(memberId);

    /// <summary>About what a text takes, bytes.</summary>
    public static long SizeOf(string? text) => text is null ? 0 : 32 + (sizeof(char) * (long)text.Length);

    /// <summary>
    /// Why the group may not hold this many bytes more: GROUP_MAX_SIZE_REACHED for the group's own bound, COORDINATOR_NOT_AVAILABLE,
    /// which clients retry, for that of all groups; None if it may.
    /// </summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="freedBytes">What another group gives back for it; its own bound does not grow by that.</param>
    public ErrorCode RefusalOf(long bytes, long freedBytes = 0)
    {
        if (bytes <= 0) return ErrorCode.None;
        if (bytes > _services.Config.GroupMaxBytes - Bytes) return ErrorCode.GroupMaxSizeReached;
        return _services.Memory.Members.HasRoomFor(bytes - freedBytes) ? ErrorCode.None : ErrorCode.CoordinatorNotAvailable;
    }

    /// <summary>Holds more, or less where it is below 0.</summary>
    public void Add(long bytes)
    {
        // A group that is gone holds nothing, whatever still happens to its members.
        if (_released) return;
        Bytes += bytes;
        _services.Memory.Members.Add(bytes);
    }

    /// <summary>Gives back all: the group is gone.</summary>
    public void Release()
    {
        Add(-Bytes);
        _released = true;
    }
}
