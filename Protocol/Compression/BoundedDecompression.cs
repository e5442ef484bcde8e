namespace KBroker.Protocol.Compression;

/// <summary>Runs a decompressor over one input and stops it once more than a given number of bytes come out.</summary>
internal ref struct BoundedDecompression(Decompressor decompressor, ReadOnlySpan<byte> source, int limit)
{
    public const int MinStep = 4 * 1024;
    public const int MaxStep = 64 * 1024;

    private readonly Decompressor _decompressor = decompressor;
    private readonly int _limit = limit;
    private ReadOnlySpan<byte> _rest = source;
    private int _total;

    /// <summary>The bytes that have come out.</summary>
    public readonly int Total => _total;

    /// <summary>Writes the next bytes; more may follow only after <see cref="DecompressionStatus.More"/>.</summary>
    public DecompressionStatus Read(Span<byte> destination, out int written)
    {
        // One byte more than allowed may be asked for: it tells an output at the limit from one above.
        long room = (long)_limit - _total + 1;
        if (destination.Length > room) destination = destination[..(int)room];
        DecompressionStatus status = _decompressor.Decompress(_rest, destination, out int consumed, out written);
        _rest = _rest[consumed..];
        if (written > _limit - _total)
        {
            written = 0;
            return DecompressionStatus.LimitExceeded;
        }

        _total += written;
        return status;
    }
}
