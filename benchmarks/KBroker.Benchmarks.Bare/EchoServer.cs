using System.Net.Sockets;

namespace KBroker.Benchmarks.Bare;

/// <summary>Answers each frame with 60 bytes that carry its correlation id: the least a server on raw sockets can do.</summary>
internal sealed class EchoServer(Socket listener)
{
    public async Task RunAsync()
    {
        while (true)
        {
            Socket socket = await listener.AcceptAsync();
            socket.NoDelay = true;
            _ = ServeAsync(socket);
        }
    }

    private static async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            var receiver = new FrameReceiver(socket, 64 * 1024);
            byte[] reply = Reply.Create();
            while (true)
            {
                ReadOnlyMemory<byte> frame = await receiver.ReceiveAsync();
                if (frame.IsEmpty) return;
                frame.Span.Slice(8, 4).CopyTo(reply.AsSpan(4));
                await socket.SendAsync(reply);
            }
        }
    }
}
