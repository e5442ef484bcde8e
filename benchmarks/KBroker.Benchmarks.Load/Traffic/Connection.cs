using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace KBroker.Benchmarks.Load.Traffic;

/// <summary>A blocking connection that sends whole frames and reads whole replies, as cheaply as the runtime can.</summary>
internal sealed class Connection : IDisposable
{
    private const int ReadAhead = 256 * 1024;
    private readonly Socket _socket;
    private byte[] _buffer = GC.AllocateUninitializedArray<byte>(4096, pinned: true);
    private int _start;
    private int _end;

    public Connection(int port)
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
    }

    public void Send(ReadOnlySpan<byte> frame)
    {
        while (!frame.IsEmpty) frame = frame[_socket.Send(frame)..];
    }

    /// <summary>The next reply without its length prefix; valid until the next call.</summary>
    public ReadOnlySpan<byte> Receive()
    {
        Fill(4);
        int length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start));
        Fill(4 + length);
        ReadOnlySpan<byte> reply = _buffer.AsSpan(_start + 4, length);
        _start += 4 + length;
        return reply;
    }

    /// <summary>Reads a large reply and drops all but its first bytes; returns its length.</summary>
    public int Discard(Span<byte> head)
    {
        if (_buffer.Length < ReadAhead) Grow(ReadAhead);
        Fill(4 + head.Length);
        int length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start));
        _buffer.AsSpan(_start + 4, head.Length).CopyTo(head);
        int left = 4 + length - (_end - _start);
        if (left < 0)
        {
            _start += 4 + length;
            return length;
        }

        while (left > 0) left -= Read(_buffer.AsSpan(0, Math.Min(left, _buffer.Length)));
        (_start, _end) = (0, 0);
        return length;
    }

    public ReadOnlySpan<byte> Call(ReadOnlySpan<byte> frame)
    {
        Send(frame);
        return Receive();
    }

    public void Dispose() => _socket.Dispose();

    private void Fill(int count)
    {
        if (_end - _start >= count) return;
        if (_buffer.Length < count) Grow(count);
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        while (_end < count) _end += Read(_buffer.AsSpan(_end));
    }

    private void Grow(int size)
    {
        byte[] larger = GC.AllocateUninitializedArray<byte>(size, pinned: true);
        _buffer.AsSpan(0, _end).CopyTo(larger);
        _buffer = larger;
    }

    private int Read(Span<byte> into)
    {
        int read = _socket.Receive(into);
        return read > 0 ? read : throw new IOException("the server closed the connection");
    }
}
