namespace KBroker.LogEngine.Compaction;

/// <summary>What is known of one log's compaction between two cleanings.</summary>
internal sealed class CompactionState
{
    private long _cleanedEnd = -1;
    private int _busy;
    private volatile string? _uncleanable;

    /// <summary>The end (exclusive) of what was compacted; -1 when nothing was. Changed under the log's gate.</summary>
    public long CleanedEnd
    {
        get => Volatile.Read(ref _cleanedEnd);
        set => Volatile.Write(ref _cleanedEnd, value);
    }

    /// <summary>Why the log is left alone until the next start; null when it is not.</summary>
    public string? Uncleanable
    {
        get => _uncleanable;
        set => _uncleanable = value;
    }

    /// <summary>One cleaning at a time; false while there is one.</summary>
    public bool TryBegin() => Interlocked.CompareExchange(ref _busy, 1, 0) == 0;

    public void End() => Volatile.Write(ref _busy, 0);

    /// <summary>Under the gate: the log ends here; true if less is clean than was.</summary>
    public bool Truncated(long logEnd)
    {
        if (CleanedEnd <= logEnd) return false;
        CleanedEnd = logEnd;
        return true;
    }
}
