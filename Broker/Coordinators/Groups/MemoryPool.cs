namespace KBroker.Broker.Coordinators.Groups;

/// <summary>Counts what many hold of one kind of memory, and says whether there is room for more. Safe from any thread.</summary>
/// <remarks>
/// To ask and to add are two steps, so that what is loaded from a log can be added without asking; loops that ask at the same moment
/// may overdraw by one request each.
/// </remarks>
/// <param name="limit">The most bytes, as of now.</param>
public sealed class MemoryPool(Func<long> limit)
{
    private const int ReservedShare = 8;

    private long _heldBytes;

    /// <summary>The bytes held.</summary>
    public long HeldBytes => Volatile.Read(ref _heldBytes);

    /// <summary>Whether this many bytes more may be held; what holds no more than before always may.</summary>
    public bool HasRoomFor(long bytes) => bytes <= 0 || bytes <= limit() - HeldBytes;

    /// <summary>As <see cref="HasRoomFor"/>, for what is not known yet: it leaves a part to those who go on with what is.</summary>
    public bool HasRoomForNew(long bytes) => HasRoomFor(bytes + (limit() / ReservedShare));

    /// <summary>Holds more, or less where it is below 0, whether there is room or not.</summary>
    public void Add(long bytes) => Interlocked.Add(ref _heldBytes, bytes);
}
