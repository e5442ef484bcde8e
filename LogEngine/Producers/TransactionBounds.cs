namespace KBroker.LogEngine.Producers;

/// <summary>
/// Which transactions of a log are not settled: those without a marker, and those whose marker its owner may still take back. Both
/// are kept in the order in which they can leave, so that the first unstable offset is at hand.
/// </summary>
internal sealed class TransactionBounds
{
    private readonly List<(long First, long ProducerId)> _open = [];

    // By rising marker and rising beginning: one that ended earlier and began later than another says nothing beyond that one.
    private readonly List<(long First, long Last)> _ended = [];
    private int _left;

    /// <summary>
    /// Ended transactions are known from here on: those with a marker at or above this that is not committed are held. What a snapshot
    /// leaves out lies below.
    /// </summary>
    public long EndedFrom { get; private set; }

    /// <summary>The transactions that ended and are not settled, by rising marker.</summary>
    public IReadOnlyList<(long First, long Last)> Ended => _ended[_left..];

    /// <summary>The number of transactions without a marker.</summary>
    public int OpenCount => _open.Count;

    /// <summary>The first offset whose fate is not settled; <see cref="long.MaxValue"/> when there is none.</summary>
    public long FirstUnstable => Math.Min(
        _open.Count == 0 ? long.MaxValue : _open[0].First,
        _left == _ended.Count ? long.MaxValue : _ended[_left].First);

    public void Begin(long producerId, long firstOffset)
    {
        // By rising offset as they are written; a snapshot lists them in any order.
        int at = _open.Count;
        while (at > 0 && _open[at - 1].First > firstOffset) at--;
        _open.Insert(at, (firstOffset, producerId));
    }

    /// <summary>
    /// The marker at <paramref name="lastOffset"/> ends the transaction; returns where the first one still open begins, or the offset
    /// after the marker.
    /// </summary>
    public long End(long producerId, long firstOffset, long lastOffset, long committedEnd)
    {
        int at = _open.IndexOf((firstOffset, producerId));
        if (at >= 0) _open.RemoveAt(at);
        if (lastOffset >= committedEnd) AddEnded(firstOffset, lastOffset);
        return _open.Count == 0 ? lastOffset + 1 : _open[0].First;
    }

    /// <summary>Markers below <paramref name="committedEnd"/> are there to stay.</summary>
    public void Commit(long committedEnd)
    {
        while (_left < _ended.Count && _ended[_left].Last < committedEnd) _left++;
        if (_left == _ended.Count || _left > _ended.Count / 2)
        {
            _ended.RemoveRange(0, _left);
            _left = 0;
        }
    }

    /// <summary>
    /// Takes in transactions that ended below <see cref="EndedFrom"/>, by rising marker: all that are not settled and have their marker at
    /// or above <paramref name="from"/>. Those that ended above are known and passed over. One that <paramref name="earlier"/> leaves out
    /// because another covered it needs no more: where the marker of that one is gone, it is open and covers it still.
    /// </summary>
    public void Recall(IEnumerable<(long First, long Last)> earlier, long from)
    {
        List<(long First, long Last)> later = _ended[_left..];
        _ended.Clear();
        _left = 0;
        foreach ((long first, long last) in earlier)
        {
            if (last < EndedFrom) AddEnded(first, last);
        }

        foreach ((long first, long last) in later) AddEnded(first, last);
        EndedFrom = Math.Min(EndedFrom, from);
    }

    /// <summary>Forgets all; what is told next begins at the offset.</summary>
    public void Clear(long endedFrom)
    {
        _open.Clear();
        _ended.Clear();
        _left = 0;
        EndedFrom = endedFrom;
    }

    private void AddEnded(long first, long last)
    {
        while (_ended.Count > _left && _ended[^1].First >= first) _ended.RemoveAt(_ended.Count - 1);
        _ended.Add((first, last));
    }
}
