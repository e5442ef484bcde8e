using KBroker.Protocol.Compression.Native;

namespace KBroker.Protocol.Compression;

/// <summary>Reads LZ4 frames, one after the other.</summary>
internal sealed class Lz4Decompressor(Lz4DecompressionHandle context, ObjectPool<Lz4DecompressionHandle> pool) : Decompressor
{
    private Lz4DecompressionHandle? _context = context;
    private bool _atFrameEnd;

    public override unsafe DecompressionStatus Decompress(
        ReadOnlySpan<byte> source, Span<byte> destination, out int consumed, out int written)
    {
        ObjectDisposedException.ThrowIf(_context is null, this);
        consumed = written = 0;
        fixed (byte* from = source, to = destination)
        {
            while (written < destination.Length)
            {
                if (_atFrameEnd && consumed == source.Length) break;
                nuint input = (nuint)(source.Length - consumed);
                nuint output = (nuint)(destination.Length - written);
                nuint result = Lz4Native.Decompress(_context, to + written, ref output, from + consumed, ref input, 0);
                if (Lz4Native.IsError(result) != 0) return DecompressionStatus.Corrupt;
                consumed += (int)input;
                written += (int)output;
                _atFrameEnd = result == 0;
                if (!_atFrameEnd && input == 0 && output == 0) return DecompressionStatus.Corrupt;
            }

            return _atFrameEnd && consumed == source.Length ? DecompressionStatus.Done : DecompressionStatus.More;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing || Interlocked.Exchange(ref _context, null) is not { } handle) return;
        Lz4Native.ResetDecompressionContext(handle);
        pool.Return(handle);
    }
}
