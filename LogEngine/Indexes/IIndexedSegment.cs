namespace KBroker.LogEngine.Indexes;

/// <summary>What an index has to know of the segment it belongs to when it is read anew.</summary>
internal interface IIndexedSegment
{
    /// <summary>The size of the segment's batches, in bytes.</summary>
    int Size { get; }

    /// <summary>What to throw when an index is missing or cannot be right.</summary>
    Exception CorruptIndex();

    /// <summary>What to throw when an index is wanted of a segment that is gone.</summary>
    Exception Closed();
}
