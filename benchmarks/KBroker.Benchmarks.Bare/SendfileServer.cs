using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace KBroker.Benchmarks.Bare;

/// <summary>
/// The bare loop that fetch is measured against: a thread per connection reads a request frame and answers with a header
/// and the next 1 MB of the connection's file, from the page cache by <c>sendfile</c>.
/// </summary>
internal sealed class SendfileServer(Socket listener, string directory)
{
    private const int ChunkSize = 1024 * 1024;
    private const int HeaderSize = 80;
    private int _connections;

    public void Run()
    {
        string[] files = [.. Directory.GetFiles(directory, "*.data").Order(StringComparer.Ordinal)];
        while (true)
        {
            Socket socket = listener.Accept();
            socket.NoDelay = true;
            string path = files[_connections++ % files.Length];
            new Thread(() => Serve(socket, path)) { IsBackground = true }.Start();
        }
    }

    private static void Serve(Socket socket, string path)
    {
        using (socket)
        using (SafeFileHandle file = File.OpenHandle(path))
        {
            long length = RandomAccess.GetLength(file), position = 0;
            byte[] request = new byte[4096];
            byte[] header = new byte[HeaderSize];
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(header, HeaderSize - 4 + ChunkSize);
            while (ReceiveFrame(socket, request))
            {
                Linux.SendMore(socket.SafeHandle, header);
                Linux.SendFile(socket.SafeHandle, file, position, ChunkSize);
                position = (position + ChunkSize) % length;
            }
        }
    }

    private static bool ReceiveFrame(Socket socket, byte[] buffer)
    {
        int have = 0;
        while (have < 4 || have < 4 + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(buffer))
        {
            int read = socket.Receive(buffer.AsSpan(have));
            if (read == 0) return false;
            have += read;
        }

        return true;
    }
}
