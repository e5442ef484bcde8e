namespace KBroker.Broker.Connections.Sockets;

/// <summary>Where a <see cref="LeasePipeReader"/> gets bytes from: a socket, or a stream over one.</summary>
public interface IByteReceiver
{
    /// <summary>Receives at least one byte into <paramref name="buffer"/>; 0 when the other side has finished.</summary>
    ValueTask<int> ReceiveAsync(Memory<byte> buffer);
}
