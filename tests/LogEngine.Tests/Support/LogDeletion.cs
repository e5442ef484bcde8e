namespace KBroker.LogEngine.Tests.Support;

/// <summary>Deletion of records from a log whose directory is of no account.</summary>
internal static class LogDeletion
{
    /// <summary>Raises the log start and takes the segments below it away at once.</summary>
    public static bool DeleteBefore(this PartitionLog log, long offset)
    {
        bool raised = log.AdvanceLogStartOffset(offset);
        log.Retention.RemoveBelow(offset, inOrder: false);
        return raised;
    }
}
