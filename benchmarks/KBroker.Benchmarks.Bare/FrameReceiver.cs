using System.Buffers.Binary;
using System.Net.Sockets;

namespace KBroker.Benchmarks.Bare;

/// <summary>
/// Receives length-prefixed frames into one buffer: what has arrived up to 64 KB at a time, and the rest of a larger frame
/// straight to its place, so that at most 64 KB is ever moved.
/// </summary>
internal sealed class FrameReceiver(Socket socket, int capacity)
{
    private const int ReadAhead = 64 * 1024;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(capacity + ReadAhead, pinned: true);
    private int _start;
    private int _end;

    /// <summary>The next frame, its length prefix included; empty when the peer has closed.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync()
    {
        while (true)
        {
            int have = _end - _start;
            int want = have < 4 ? 0 : 4 + BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start));
            if (want != 0 && have >= want)
            {
                ReadOnlyMemory<byte> frame = _buffer.AsMemory(_start, want);
                _start += want;
                return frame;
            }

            if (want > _buffer.Length) throw new InvalidDataException($"frame of {want} bytes");
            if (_start > 0)
            {
                if (have > 0) _buffer.AsSpan(_start, have).CopyTo(_buffer);
                (_start, _end) = (0, have);
            }

            int room = Math.Max(want - have, ReadAhead - have);
            int read = await socket.ReceiveAsync(_buffer.AsMemory(_end, room)).ConfigureAwait(false);
            if (read == 0) return default;
            _end += read;
        }
    }
}
