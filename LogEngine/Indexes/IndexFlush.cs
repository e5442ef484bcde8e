using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Indexes;

/// <summary>An index file that is to be flushed, and how much of the index that covers.</summary>
internal readonly record struct IndexFlush(SparseIndex Index, ILogFile File, int Version);
