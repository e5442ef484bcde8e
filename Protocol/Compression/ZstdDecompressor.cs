using KBroker.Protocol.Compression.Native;

namespace KBroker.Protocol.Compression;

/// <summary>Reads zstd frames, one after the other, with a window of at most 8 MB.</summary>
internal sealed class ZstdDecompressor(ZstdDecompressionHandle context, ObjectPool<ZstdDecompressionHandle> pool) : Decompressor
{
    /// <summary>8 MB: what the compressor uses at level 19 and above, at most.</summary>
    public const int MaxWindowLog = 23;

    private ZstdDecompressionHandle? _context = context;
    private bool _atFrameEnd;

    public override unsafe DecompressionStatus Decompress(
        ReadOnlySpan<byte> source, Span<byte> destination, out int consumed, out int written)
    {
        ObjectDisposedException.ThrowIf(_context is null, this);
        consumed = written = 0;
        fixed (byte* from = source, to = destination)
        {
            var input = new ZstdBuffer { Start = from, Size = (nuint)source.Length };
            var output = new ZstdBuffer { Start = to, Size = (nuint)destination.Length };
            while (output.Position < output.Size)
            {
                if (_atFrameEnd && input.Position == input.Size) break;
                nuint before = output.Position + input.Position;
                nuint result = ZstdNative.Decompress(_context, ref output, ref input);
                if (ZstdNative.IsError(result) != 0) return Failure(result);
                _atFrameEnd = result == 0;
                if (!_atFrameEnd && output.Position + input.Position == before) return DecompressionStatus.Corrupt;
            }

            (consumed, written) = ((int)input.Position, (int)output.Position);
            return _atFrameEnd && consumed == source.Length ? DecompressionStatus.Done : DecompressionStatus.More;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing || Interlocked.Exchange(ref _context, null) is not { } handle) return;
        ZstdNative.Reset(handle, ZstdNative.ResetSessionOnly);
        pool.Return(handle);
    }

    private static DecompressionStatus Failure(nuint result) => ZstdNative.GetErrorCode(result) == ZstdNative.WindowTooLarge
        ? DecompressionStatus.LimitExceeded
        : DecompressionStatus.Corrupt;
}
