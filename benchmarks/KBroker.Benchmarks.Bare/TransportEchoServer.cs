using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using KBroker.Broker.Connections;
using KBroker.Broker.Connections.Memory;
using KBroker.Broker.Connections.Sockets;

namespace KBroker.Benchmarks.Bare;

/// <summary>
/// Answers each frame with 60 bytes, on the broker's own transport but without its frame loop, handlers and log: what is left
/// of a small request when the broker does nothing with it.
/// </summary>
internal sealed class TransportEchoServer(int port)
{
    public async Task RunAsync()
    {
        using var leases = new FrameLeasePool(TimeProvider.System);
        await using SocketListener listener = SocketListener.Bind(
            new ListenerOptions("PLAINTEXT", "127.0.0.1", port), leases, RequestMemoryBudget.ForThisMachine());
        while (await listener.AcceptAsync() is { } connection) _ = ServeAsync(connection);
    }

    private static async Task ServeAsync(ITransportConnection connection)
    {
        await using (connection)
        {
            var response = new ResponseBuffer();
            byte[] reply = Reply.Create();
            while (true)
            {
                ReadResult result = await connection.Input.ReadAtLeastAsync(sizeof(int));
                if (result.Buffer.Length < sizeof(int)) return;
                int size = sizeof(int) + BinaryPrimitives.ReadInt32BigEndian(result.Buffer.FirstSpan);
                if (result.Buffer.Length < size)
                {
                    connection.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                    result = await connection.Input.ReadAtLeastAsync(size);
                    if (result.Buffer.Length < size) return;
                }

                result.Buffer.FirstSpan.Slice(8, 4).CopyTo(reply.AsSpan(4));
                connection.Input.AdvanceTo(result.Buffer.GetPosition(size));
                reply.CopyTo(response.Allocate(Reply.Size));
                await connection.SendAsync(response);
                response.Reset();
            }
        }
    }
}
