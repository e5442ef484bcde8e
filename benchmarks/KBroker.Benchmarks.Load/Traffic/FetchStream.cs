using System.Buffers.Binary;

namespace KBroker.Benchmarks.Load.Traffic;

/// <summary>Sends Fetch frames in turns on one connection, one at a time, and drops the records.</summary>
internal static class FetchStream
{
    /// <summary>Returns the bytes received; throws when an answer is an error or shorter than <paramref name="atLeast"/>.</summary>
    public static long Run(int port, byte[][] frames, int count, int atLeast)
    {
        using var connection = new Connection(port);
        Span<byte> head = stackalloc byte[10];
        long bytes = 0;
        for (int i = 0; i < count; i++)
        {
            connection.Send(frames[i % frames.Length]);
            int length = connection.Discard(head);
            short error = BinaryPrimitives.ReadInt16BigEndian(head[8..]);
            if (error != 0) throw new InvalidOperationException($"Fetch was answered with error {error}");
            if (length < atLeast) throw new InvalidOperationException($"Fetch was answered with {length} bytes, not {atLeast}");
            bytes += length;
        }

        return bytes;
    }
}
