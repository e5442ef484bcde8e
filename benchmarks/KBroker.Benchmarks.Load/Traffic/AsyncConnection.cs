using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace KBroker.Benchmarks.Load.Traffic;

/// <summary>
/// A connection with one request in flight that is awaited, for clients that mostly wait: hundreds of them need no thread each. Their
/// code goes on where the socket's answer arrives, so it must not block.
/// </summary>
internal sealed class AsyncConnection : IDisposable
{
    private const int PrefixSize = 4;
    private readonly Socket _socket;
    private byte[] _buffer = new byte[512];

    public AsyncConnection(int port)
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
    }

    /// <summary>The reply without its length prefix; valid until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> CallAsync(ReadOnlyMemory<byte> frame)
    {
        while (!frame.IsEmpty) frame = frame[await _socket.SendAsync(frame)..];
        await FillAsync(0, PrefixSize);
        int length = BinaryPrimitives.ReadInt32BigEndian(_buffer);
        if (_buffer.Length < length) _buffer = new byte[length];
        await FillAsync(0, length);
        return _buffer.AsMemory(0, length);
    }

    public void Dispose() => _socket.Dispose();

    private async ValueTask FillAsync(int start, int end)
    {
        while (start < end)
        {
            int read = await _socket.ReceiveAsync(_buffer.AsMemory(start, end - start));
            start += read > 0 ? read : throw new IOException("the server closed the connection");
        }
    }
}
