using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using KBroker.Protocol.Wire;
using Microsoft.Win32.SafeHandles;

namespace KBroker.Broker.Connections.Sockets;

/// <summary>
/// Sends response frames over one nonblocking socket: memory by <c>send</c>, file ranges by <c>sendfile</c>. When the socket
/// takes no more, an awaited send of the next small piece of the file is the wait for room.
/// </summary>
internal sealed class SocketSender(Socket socket)
{
    private const int LargestSend = 1 << 20;
    private const int WaitPiece = 16 << 10;
    private const int CopySize = 64 << 10;

    private long _bytesSent;

    /// <summary>The bytes the kernel took so far.</summary>
    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>Sends a frame whole.</summary>
    public ValueTask SendAsync(ResponseBuffer frame)
    {
        ReadOnlyMemory<byte> buffer = frame.Bytes;
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
            position += SendAhead(frame.Bytes.Span[position..splice.Position]);
            await SendMemoryAsync(frame.Bytes[position..splice.Position]).ConfigureAwait(false);
            position = splice.Position;
            await SendSourceAsync(splice.Source).ConfigureAwait(false);
        }

        await SendMemoryAsync(frame.Bytes[position..]).ConfigureAwait(false);
    }

    /// <summary>
    /// Gives the socket bytes that a file follows, so that they leave in one segment with it: a client woken by a header alone
    /// would cost both sides a round more. Returns how many it took; what it did not take goes the ordinary way.
    /// </summary>
    private int SendAhead(ReadOnlySpan<byte> bytes)
    {
        nint sent = bytes.IsEmpty ? 0 : LibC.Send(
            socket.SafeHandle, bytes, (nuint)bytes.Length, LibC.SendMoreFollows | LibC.SendDoNotWait | LibC.SendNoSignal);
        if (sent <= 0) return 0;
        Count(sent);
        return (int)sent;
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

    private ValueTask SendSourceAsync(IFileRecordsSource source) =>
        source.Handle is { } file
            ? SendFileAsync(source, file)
            : SendThroughMemoryAsync(source, 0, source.Length, CopySize);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendFileAsync(IFileRecordsSource source, SafeFileHandle file)
    {
        long start = source.Position;
        long offset = start;
        long end = start + source.Length;
        while (offset < end)
        {
            nint sent = LibC.SendFile(socket.SafeHandle, file, ref offset, (nuint)(end - offset));
            if (sent > 0)
            {
                Count(sent);
                continue;
            }

            if (sent == 0) throw new IOException($"A file ended {end - offset} bytes before the records sent from it did.");
            int error = Marshal.GetLastPInvokeError();
            if (error == LibC.ErrorInterrupted) continue;
            // Whether it is the disk or the client that failed, a read of the rest and a send tell, each to whom it concerns.
            int piece = error == LibC.ErrorAgain ? (int)Math.Min(end - offset, WaitPiece) : (int)(end - offset);
            await SendThroughMemoryAsync(source, (int)(offset - start), piece, Math.Min(piece, CopySize)).ConfigureAwait(false);
            offset += piece;
        }
    }

    private async ValueTask SendThroughMemoryAsync(IFileRecordsSource source, int offset, int length, int pieceSize)
    {
        byte[] piece = ArrayPool<byte>.Shared.Rent(Math.Min(pieceSize, length));
        try
        {
            for (int end = offset + length; offset < end;)
            {
                int size = Math.Min(end - offset, pieceSize);
                FillFrom(source, offset, piece.AsSpan(0, size));
                await SendMemoryAsync(piece.AsMemory(0, size)).ConfigureAwait(false);
                offset += size;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private static void FillFrom(IFileRecordsSource source, int offset, Span<byte> destination)
    {
        if (source.Read(destination, offset) != destination.Length)
            throw new IOException("A file ended before the records sent from it did.");
    }

    private void Count(long sent) => Volatile.Write(ref _bytesSent, _bytesSent + sent);
}
