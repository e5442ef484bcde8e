namespace KBroker.Protocol.Wire;

/// <summary>
/// Record batches that a response carries but that do not pass through its buffer: a range of a log segment that the
/// transport sends straight from the page cache. The codec writes the length and remembers where the bytes belong.
/// </summary>
public interface IRecordsSource
{
    /// <summary>The number of bytes, fixed for the life of the source.</summary>
    int Length { get; }
}
