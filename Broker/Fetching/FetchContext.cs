using KBroker.Protocol;

namespace KBroker.Broker.Fetching;

/// <summary>
/// What one Fetch request covers, and how its results become an answer: without a session, as the first of a new session, or
/// as an increment of one.
/// </summary>
public sealed class FetchContext
{
    private readonly FetchSessionCache _cache;
    private readonly FetchSession? _session;
    private readonly int _expectedEpoch;
    private readonly bool _createsSession;
    private readonly bool _isFollower;
    private readonly bool _usesTopicIds;

    private FetchContext(FetchSessionCache cache, FetchPartition[] partitions, ErrorCode error)
    {
        _cache = cache;
        Partitions = partitions;
        Error = error;
    }

    private FetchContext(FetchSessionCache cache, FetchPartition[] partitions, bool isFollower, bool usesTopicIds)
        : this(cache, partitions, ErrorCode.None)
    {
        _createsSession = true;
        _isFollower = isFollower;
        _usesTopicIds = usesTopicIds;
    }

    private FetchContext(FetchSessionCache cache, FetchSession session)
        : this(cache, session.Snapshot, ErrorCode.None)
    {
        _session = session;
        _expectedEpoch = session.Epoch;
    }

    /// <summary>Not <see cref="ErrorCode.None"/> when the session itself is wrong: the whole answer is then this code.</summary>
    public ErrorCode Error { get; }

    /// <summary>The partitions to read, in order.</summary>
    public IReadOnlyList<FetchPartition> Partitions { get; }

    /// <summary>Whether partitions without news are left out of the answer.</summary>
    public bool IsIncremental => _session is not null;

    internal static FetchContext Failed(FetchSessionCache cache, ErrorCode error) => new(cache, [], error);

    internal static FetchContext Sessionless(FetchSessionCache cache, FetchPartition[] partitions) =>
        new(cache, partitions, ErrorCode.None);

    internal static FetchContext Full(FetchSessionCache cache, FetchPartition[] partitions, bool isFollower, bool usesTopicIds) =>
        new(cache, partitions, isFollower, usesTopicIds);

    internal static FetchContext Incremental(FetchSessionCache cache, FetchSession session) => new(cache, session);

    /// <summary>
    /// Settles what is answered. <paramref name="results"/> run parallel to <see cref="Partitions"/>; those that need not be
    /// sent are marked as omitted, and the session remembers what is sent.
    /// </summary>
    /// <returns>The answer's session id and top-level error. With an error nothing else is to be sent.</returns>
    public FetchAnswer Complete(Span<FetchPartitionOutcome> results)
    {
        if (Error != ErrorCode.None) return new FetchAnswer(0, Error);
        if (_createsSession) return new FetchAnswer(_cache.Create(Partitions, results, _isFollower, _usesTopicIds), ErrorCode.None);
        if (_session is null) return new FetchAnswer(0, ErrorCode.None);
        return _cache.Update(_session, _expectedEpoch, Partitions, results)
            ? new FetchAnswer(_session.Id, ErrorCode.None)
            : new FetchAnswer(_session.Id, ErrorCode.InvalidFetchSessionEpoch);
    }
}

/// <summary>The session part of a Fetch answer.</summary>
/// <param name="SessionId">The session the next request may continue, or 0 for none.</param>
/// <param name="Error">The error of the whole answer.</param>
public readonly record struct FetchAnswer(int SessionId, ErrorCode Error);

/// <summary>What a session needs to know of one partition's result.</summary>
/// <param name="Error">The partition's error.</param>
/// <param name="HighWatermark">The high watermark to be sent.</param>
/// <param name="LogStartOffset">The log start offset to be sent.</param>
/// <param name="RecordBytes">The size of the records to be sent.</param>
/// <param name="MustSend">Whether it is sent though nothing else changed (a diverging epoch, a preferred replica).</param>
public record struct FetchPartitionOutcome(ErrorCode Error, long HighWatermark, long LogStartOffset, int RecordBytes, bool MustSend)
{
    /// <summary>Set by <see cref="FetchContext.Complete"/>: the partition has no news and is left out.</summary>
    public bool Omitted { get; set; }
}
