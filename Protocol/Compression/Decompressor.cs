namespace KBroker.Protocol.Compression;

/// <summary>
/// Decompresses one input step by step, so that a reader needs no room for the whole output. Belongs to one user at a time.
/// </summary>
public abstract class Decompressor : IDisposable
{
    /// <summary>
    /// Writes the next bytes of the output. The caller passes all of the input that has not been consumed, and the same bytes again
    /// less <paramref name="consumed"/> at the next step.
    /// </summary>
    /// <returns>
    /// <see cref="DecompressionStatus.More"/> with at least one byte written, <see cref="DecompressionStatus.Done"/> with none or
    /// some, or a failure, after which the output means nothing.
    /// </returns>
    public abstract DecompressionStatus Decompress(
        ReadOnlySpan<byte> source, Span<byte> destination, out int consumed, out int written);

    /// <summary>Gives the decompressor back to its codec; it must not be used afterwards.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the decompressor back.</summary>
    protected abstract void Dispose(bool disposing);
}
