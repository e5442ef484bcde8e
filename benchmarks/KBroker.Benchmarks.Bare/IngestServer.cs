using System.Buffers.Binary;
using System.Net.Sockets;
using KBroker.Protocol.Records;
using Microsoft.Win32.SafeHandles;

namespace KBroker.Benchmarks.Bare;

/// <summary>
/// The bare loop that ingest is measured against: receives the frame of a Produce request, checks the CRC-32C of the batch
/// that ends it, writes the batch to the end of the connection's own file and answers with 60 bytes.
/// </summary>
internal sealed class IngestServer(Socket listener, string directory, bool preallocate)
{
    private const int LargestFrame = 2 * 1024 * 1024;
    private const long Step = 16 * 1024 * 1024;
    private int _connections;

    public async Task RunAsync()
    {
        while (true)
        {
            Socket socket = await listener.AcceptAsync();
            socket.NoDelay = true;
            _ = ServeAsync(socket, Path.Combine(directory, $"ingest-{_connections++}.log"));
        }
    }

    private async Task ServeAsync(Socket socket, string path)
    {
        using (socket)
        using (SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite))
        {
            var receiver = new FrameReceiver(socket, LargestFrame);
            byte[] reply = Reply.Create();
            long position = 0, reserved = 0;
            while (true)
            {
                ReadOnlyMemory<byte> frame = await receiver.ReceiveAsync();
                if (frame.IsEmpty) return;
                ReadOnlyMemory<byte> batch = frame[FrameLayout.BatchStart(frame.Span)..];
                uint crc = BinaryPrimitives.ReadUInt32BigEndian(batch.Span[RecordBatchFormat.CrcOffset..]);
                if (Crc32C.Compute(batch.Span[RecordBatchFormat.AttributesOffset..]) != crc) throw new InvalidDataException("CRC");
                if (preallocate && position + batch.Length > reserved)
                {
                    Linux.Reserve(file, position, Step);
                    reserved = position + Step;
                }

                RandomAccess.Write(file, batch.Span, position);
                position += batch.Length;
                frame.Span.Slice(8, 4).CopyTo(reply.AsSpan(4));
                await socket.SendAsync(reply);
            }
        }
    }
}
