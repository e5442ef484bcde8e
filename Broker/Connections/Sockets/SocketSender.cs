using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KBroker.Broker.Connections.Sockets;

/// <summary>
/// Sends response frames over one nonblocking socket: memory by <c>send</c>, file ranges by <c>sendfile</c>. When the socket
/// takes no more, an awaited send of the next small piece of the file is the wait for room.
/// </summary>
internal sealed class SocketSender(Socket socket)
{
    private const int LargestSend = 1 << 20;
    private const int WaitPiece = 16 << 10;

    private long _bytesSent;

    /// <summary>The bytes the kernel took so far.</summary>
    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>Sends a frame whole.</summary>
    public ValueTask SendAsync(ResponseBuffer frame)
    {
        ReadOnlyMemory<byte> buffer = frame.Buffer;
        if (!frame.IsInMemory) return SendSplicedAsync(frame);
        if (buffer.Length > LargestSend) return SendMemoryAsync(buffer);
        ValueTask<int> sending = socket.SendAsync(buffer, SocketFlags.None);
        if (!sending.IsCompletedSuccessfully) return FinishAsync(sending, buffer);
        int sent = sending.Result;
        Count(sent);
        return sent == buffer.Length ? ValueTask.CompletedTask : SendMemoryAsync(buffer[sent..]);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FinishAsync(ValueTask<int> sending, ReadOnlyMemory<byte> buffer)
    {
        int sent = await sending.ConfigureAwait(false);
        Count(sent);
        if (sent < buffer.Length) await SendMemoryAsync(buffer[sent..]).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendSplicedAsync(ResponseBuffer frame)
    {
        int position = 0;
        for (int i = 0; i < frame.Splices.Count; i++)
        {
            ResponseBuffer.Splice splice = frame.Splices[i];
            await SendMemoryAsync(frame.Buffer[position..splice.Position]).ConfigureAwait(false);
            position = splice.Position;
            await SendFileAsync(splice.Range).ConfigureAwait(false);
        }

        await SendMemoryAsync(frame.Buffer[position..]).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendMemoryAsync(ReadOnlyMemory<byte> memory)
    {
        while (!memory.IsEmpty)
        {
            int sent = await socket.SendAsync(memory[..Math.Min(memory.Length, LargestSend)], SocketFlags.None).ConfigureAwait(false);
            Count(sent);
            memory = memory[sent..];
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendFileAsync(FileRange range)
    {
        long offset = range.Offset;
        long end = range.Offset + range.Length;
        while (offset < end)
        {
            nint sent = LibC.SendFile(socket.SafeHandle, range.File, ref offset, (nuint)(end - offset));
            if (sent > 0)
            {
                Count(sent);
                continue;
            }

            int error = sent == 0 ? 0 : Marshal.GetLastPInvokeError();
            if (sent == 0) throw new IOException($"A file ended {end - offset} bytes before its range did.");
            if (error == LibC.ErrorInterrupted) continue;
            if (error != LibC.ErrorAgain) throw new IOException($"sendfile failed (errno {error}).");
            offset += await SendPieceAsync(range.File, offset, (int)Math.Min(end - offset, WaitPiece)).ConfigureAwait(false);
        }
    }

    /// <summary>Sends a small piece through memory. Returns the bytes sent once the socket has taken them.</summary>
    private async ValueTask<int> SendPieceAsync(Microsoft.Win32.SafeHandles.SafeFileHandle file, long offset, int length)
    {
        byte[] piece = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            int read = RandomAccess.Read(file, piece.AsSpan(0, length), offset);
            if (read == 0) throw new IOException("A file ended before the range that is sent from it.");
            await SendMemoryAsync(piece.AsMemory(0, read)).ConfigureAwait(false);
            return read;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private void Count(long sent) => Volatile.Write(ref _bytesSent, _bytesSent + sent);
}
