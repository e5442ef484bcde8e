using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Indexes;

/// <summary>A file beside a segment that is brought to the disk with it.</summary>
internal interface IFlushedIndex
{
    /// <summary>Under the log's gate: what was written up to <paramref name="version"/> is on the disk.</summary>
    void NoteFlushed(int version);
}

/// <summary>An index file that is to be flushed, and how much of the index that covers.</summary>
internal readonly record struct IndexFlush(IFlushedIndex Index, ILogFile File, int Version);
