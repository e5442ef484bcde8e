using System.Buffers;
using System.Buffers.Binary;
using KBroker.Protocol.Compression.Native;

namespace KBroker.Protocol.Compression;

/// <summary>
/// Reads Snappy, raw or framed. A block is decoded as a whole: straight into the destination where it fits, else through a buffer
/// of its stated size, which is checked against what its bytes can hold and against the limit first.
/// </summary>
internal sealed class SnappyDecompressor(int outputLimit) : Decompressor
{
    /// <summary>No element of the format stands for more than 64 bytes or is shorter than 2 to 3: 22 bounds the ratio.</summary>
    private const int MaxRatio = 22;

    private byte[]? _pending;
    private int _pendingAt;
    private int _pendingEnd;
    private bool _started;
    private bool _framed;

    public override DecompressionStatus Decompress(
        ReadOnlySpan<byte> source, Span<byte> destination, out int consumed, out int written)
    {
        consumed = written = 0;
        if (!_started)
        {
            _started = true;
            if (source.IsEmpty) return DecompressionStatus.Corrupt;
            _framed = source.StartsWith(XerialFraming.Magic);
        }

        while (written < destination.Length)
        {
            written += CopyPending(destination[written..]);
            if (written == destination.Length) break;
            if (consumed == source.Length) return DecompressionStatus.Done;

            if (!TryReadBlock(source, ref consumed, out ReadOnlySpan<byte> block)) return DecompressionStatus.Corrupt;
            if (block.IsEmpty) continue;
            DecompressionStatus status = Decode(block, destination[written..], out int direct);
            if (status != DecompressionStatus.More) return status;
            written += direct;
        }

        return consumed == source.Length && _pendingAt == _pendingEnd ? DecompressionStatus.Done : DecompressionStatus.More;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _pending, null) is { } buffer) ArrayPool<byte>.Shared.Return(buffer);
    }

    private bool TryReadBlock(ReadOnlySpan<byte> source, ref int consumed, out ReadOnlySpan<byte> block)
    {
        ReadOnlySpan<byte> rest = source[consumed..];
        block = default;
        if (!_framed)
        {
            block = rest;
            consumed = source.Length;
            return true;
        }

        if (rest.StartsWith(XerialFraming.Magic))
        {
            if (rest.Length < XerialFraming.Header.Length) return false;
            consumed += XerialFraming.Header.Length;
            return true;
        }

        if (rest.Length < sizeof(int)) return false;
        int length = BinaryPrimitives.ReadInt32BigEndian(rest);
        if (length <= 0 || length > rest.Length - sizeof(int)) return false;
        block = rest.Slice(sizeof(int), length);
        consumed += sizeof(int) + length;
        return true;
    }

    private unsafe DecompressionStatus Decode(ReadOnlySpan<byte> block, Span<byte> destination, out int written)
    {
        written = 0;
        fixed (byte* from = block)
        {
            if (SnappyNative.UncompressedLength(from, (nuint)block.Length, out nuint stated) != 0) return DecompressionStatus.Corrupt;
            if (stated > (nuint)outputLimit) return DecompressionStatus.LimitExceeded;
            if (stated > (nuint)block.Length * MaxRatio) return DecompressionStatus.Corrupt;

            int length = (int)stated;
            bool direct = length <= destination.Length;
            Span<byte> output = direct ? destination : Pending(length);
            nuint size = stated;
            fixed (byte* to = output)
            {
                if (SnappyNative.Uncompress(from, (nuint)block.Length, to, ref size) != 0) return DecompressionStatus.Corrupt;
            }

            if (direct) written = length;
            else (_pendingAt, _pendingEnd) = (0, length);
            return DecompressionStatus.More;
        }
    }

    private int CopyPending(Span<byte> destination)
    {
        int count = Math.Min(destination.Length, _pendingEnd - _pendingAt);
        if (count == 0) return 0;
        _pending.AsSpan(_pendingAt, count).CopyTo(destination);
        _pendingAt += count;
        return count;
    }

    private Span<byte> Pending(int length)
    {
        if (_pending is null || _pending.Length < length)
        {
            if (_pending is not null) ArrayPool<byte>.Shared.Return(_pending);
            _pending = ArrayPool<byte>.Shared.Rent(length);
        }

        return _pending;
    }
}
