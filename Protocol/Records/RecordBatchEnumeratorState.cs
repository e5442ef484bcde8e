namespace KBroker.Protocol.Records;

/// <summary>Where a <see cref="RecordBatchEnumerator"/> stands.</summary>
public enum RecordBatchEnumeratorState
{
    /// <summary>More may follow.</summary>
    Reading,

    /// <summary>The buffer ended with a whole batch.</summary>
    End,

    /// <summary>The buffer ended within a batch, as a fetch response may.</summary>
    PartialTail,

    /// <summary>What follows is no batch: a length too small for its format, or an unknown magic.</summary>
    Corrupt,
}
