using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using KBroker.Broker.Connections.Memory;

namespace KBroker.Broker.Connections.Sockets;

/// <summary>A plaintext TCP connection: receives into leases and sends files from the page cache.</summary>
public sealed class SocketConnection : ITransportConnection, IByteReceiver
{
    private readonly Socket _socket;
    private readonly SocketSender _sender;
    private readonly LeasePipeReader _input;
    private readonly CancellationTokenSource _stopReading = new();
    private int _aborted;

    /// <summary>Takes over a connected socket.</summary>
    public SocketConnection(Socket socket, FrameLeasePool leases, RequestMemoryBudget budget)
    {
        _socket = socket;
        _socket.NoDelay = true;

        // sendfile and the runtime share the descriptor: neither may ever wait inside the system call.
        _socket.Blocking = false;
        RemoteEndPoint = socket.RemoteEndPoint;
        LocalEndPoint = socket.LocalEndPoint;
        _sender = new SocketSender(socket);
        _input = new LeasePipeReader(this, leases, budget, _stopReading.Token);
    }

    /// <inheritdoc/>
    public PipeReader Input => _input;

    /// <inheritdoc/>
    public EndPoint? RemoteEndPoint { get; }

    /// <inheritdoc/>
    public EndPoint? LocalEndPoint { get; }

    /// <inheritdoc/>
    public long BytesReceived => _input.BytesReceived;

    /// <inheritdoc/>
    public long BytesSent => _sender.BytesSent;

    /// <inheritdoc/>
    public bool IsReadingHeldBack => _input.IsWaitingForMemory;

    /// <inheritdoc/>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer) => _socket.ReceiveAsync(buffer, SocketFlags.None);

    /// <inheritdoc/>
    public ValueTask SendAsync(ResponseBuffer frame) => _sender.SendAsync(frame);

    /// <inheritdoc/>
    public void StopReading()
    {
        _input.CancelPendingRead();
        _stopReading.Cancel();
        try
        {
            _socket.Shutdown(SocketShutdown.Receive);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The client was faster.
        }
    }

    /// <inheritdoc/>
    public void Abort()
    {
        if (Interlocked.Exchange(ref _aborted, 1) != 0) return;
        _input.CancelPendingRead();
        _stopReading.Cancel();

        // Closing with a zero timeout resets the connection, which also frees what the kernel still holds for it.
        _socket.Close(0);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _input.Complete();
        if (Volatile.Read(ref _aborted) == 0)
        {
            try
            {
                _socket.Shutdown(SocketShutdown.Both);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // Nothing left to shut down.
            }
        }

        _socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
