using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using KBroker.Protocol;
using KBroker.Protocol.Wire;

namespace KBroker.TestKit;

/// <summary>
/// A client without manners: sends whatever bytes a test wants, in whatever pieces, over TCP or an in-memory stream, and reads
/// frames and typed responses back. Every read ends with a failure after <see cref="Patience"/>.
/// </summary>
public sealed class RawClient : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Stream _stream;
    private readonly Socket? _socket;
    private int _correlationId;

    private RawClient(Stream stream, Socket? socket) => (_stream, _socket) = (stream, socket);

    /// <summary>The client id put into requests.</summary>
    public string? ClientId { get; set; } = "raw";

    /// <summary>The socket, for tests that shut it down or reset it.</summary>
    public Socket Socket => _socket ?? throw new InvalidOperationException("This client has no socket.");

    public static RawClient Over(Stream stream) => new(stream, null);

    public static async Task<RawClient> ConnectAsync(EndPoint endPoint, int receiveBuffer = 0)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer > 0) socket.ReceiveBufferSize = receiveBuffer;
        var target = (IPEndPoint)endPoint;
        if (target.Address.Equals(IPAddress.IPv6Any) || target.Address.Equals(IPAddress.Any))
            target = new IPEndPoint(IPAddress.Loopback, target.Port);
        await socket.ConnectAsync(target).WaitAsync(Patience);
        return new RawClient(new NetworkStream(socket, ownsSocket: true), socket);
    }

    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes)
    {
        await _stream.WriteAsync(bytes).AsTask().WaitAsync(Patience);
        await _stream.FlushAsync().WaitAsync(Patience);
    }

    /// <summary>Sends a frame: its length and the bytes.</summary>
    public Task SendFrameAsync(ReadOnlyMemory<byte> body)
    {
        var frame = new byte[4 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, body.Length);
        body.CopyTo(frame.AsMemory(4));
        return SendBytesAsync(frame);
    }

    /// <summary>A whole request frame with the next correlation id.</summary>
    public byte[] Encode(IApiMessage request, short version) => RequestFrame.Write(request, version, ++_correlationId, ClientId);

    /// <summary>Sends a request; returns its correlation id.</summary>
    public async Task<int> SendAsync(IApiMessage request, short version)
    {
        byte[] frame = Encode(request, version);
        int correlationId = _correlationId;
        await SendBytesAsync(frame);
        return correlationId;
    }

    /// <summary>The next response frame without its length, or null when the broker has closed the connection.</summary>
    public async Task<byte[]?> ReceiveFrameAsync()
    {
        var length = new byte[4];
        if (!await ReadExactlyAsync(length)) return null;
        var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        return await ReadExactlyAsync(frame) ? frame : null;
    }

    /// <summary>The next response, decoded; its bytes must be used up.</summary>
    public async Task<(int CorrelationId, TResponse Response)> ReceiveAsync<TResponse>(ApiKey key, short version)
        where TResponse : WireStruct, IApiMessage<TResponse>
    {
        byte[] frame = await ReceiveFrameAsync() ?? throw new IOException("The broker closed the connection.");
        var reader = new KafkaReader(new ReadOnlyMemory<byte>(frame));
        int correlationId = ResponseFrame.ReadHeader(ref reader, key, version).CorrelationId;
        TResponse response = TResponse.Read(ref reader, version);
        if (reader.Remaining != 0) throw new InvalidDataException($"{reader.Remaining} bytes follow the response.");
        return (correlationId, response);
    }

    /// <summary>Sends a request and reads its response, checking the correlation id.</summary>
    public async Task<TResponse> CallAsync<TResponse>(IApiMessage request, short version)
        where TResponse : WireStruct, IApiMessage<TResponse>
    {
        int sent = await SendAsync(request, version);
        (int received, TResponse response) = await ReceiveAsync<TResponse>(request.Key, version);
        if (received != sent) throw new InvalidDataException($"A response to request {received} where {sent} was due.");
        return response;
    }

    /// <summary>Waits until the broker closes the connection; what it sends before that is returned.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        var all = new MemoryStream();
        var buffer = new byte[4096];
        while (await ReadSomeAsync(buffer) is > 0 and var read) all.Write(buffer, 0, read);
        return all.ToArray();
    }

    /// <summary>Reads at most the buffer; 0 when the connection is closed or reset.</summary>
    public async Task<int> ReadSomeAsync(Memory<byte> buffer)
    {
        try
        {
            return await _stream.ReadAsync(buffer).AsTask().WaitAsync(Patience);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Ends the sending side; the broker may still answer.</summary>
    public void FinishSending() => Socket.Shutdown(SocketShutdown.Send);

    /// <summary>Breaks the connection with a reset.</summary>
    public void Reset() => Socket.Close(0);

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task<bool> ReadExactlyAsync(Memory<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int read = await ReadSomeAsync(buffer);
            if (read == 0) return false;
            buffer = buffer[read..];
        }

        return true;
    }
}
