namespace KBroker.LogEngine.Compaction;

/// <summary>A log holds what compaction cannot read: it is left as it is until the next start.</summary>
internal sealed class UncleanableLogException(string reason) : Exception(reason);

/// <summary>The log was cut, closed, deleted or changed under a cleaning, or the cleaner is to stop: another run begins anew.</summary>
internal sealed class CleaningAbortedException : Exception;
