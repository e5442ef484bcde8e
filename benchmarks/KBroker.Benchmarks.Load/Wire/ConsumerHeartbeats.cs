using System.Buffers.Binary;

namespace KBroker.Benchmarks.Load.Wire;

/// <summary>ConsumerGroupHeartbeat v1 (KIP-848), as whole frames, and what is in the answers.</summary>
internal static class ConsumerHeartbeats
{
    private const int RebalanceTimeoutMs = 300_000;
    private const int Leaving = -1;

    /// <summary>A member joins: it says all, and owns nothing.</summary>
    public static byte[] Join(string group, string memberId, string topic) =>
        Start(group, memberId, 0).Int32(RebalanceTimeoutMs).CompactCount(1).CompactString(topic).NoString().NoString().CompactCount(0).NoTags().ToFrame();

    /// <summary>A member lives, and nothing has changed.</summary>
    public static byte[] Live(string group, string memberId, int epoch) =>
        Start(group, memberId, epoch).Int32(-1).NoString().NoString().NoString().NoString().NoTags().ToFrame();

    /// <summary>A member tells what it owns.</summary>
    public static byte[] Own(string group, string memberId, int epoch, Guid topic, IReadOnlyList<int> partitions)
    {
        FrameWriter writer = Start(group, memberId, epoch).Int32(-1).NoString().NoString().NoString();
        writer.CompactCount(partitions.Count == 0 ? 0 : 1);
        if (partitions.Count > 0)
        {
            writer.Raw(topic.ToByteArray(bigEndian: true)).CompactCount(partitions.Count);
            foreach (int partition in partitions) writer.Int32(partition);
            writer.NoTags();
        }

        return writer.NoTags().ToFrame();
    }

    /// <summary>A member leaves.</summary>
    public static byte[] Leave(string group, string memberId) => Live(group, memberId, Leaving);

    /// <summary>Reads an answer that assigns partitions of one topic at most.</summary>
    public static Answer Read(ReadOnlySpan<byte> reply)
    {
        // No tags in the header; then the throttle time.
        int at = 4 + 1 + 4;
        short error = BinaryPrimitives.ReadInt16BigEndian(reply[at..]);
        at += 2;
        SkipString(reply, ref at);
        SkipString(reply, ref at);
        int epoch = BinaryPrimitives.ReadInt32BigEndian(reply[at..]);
        int interval = BinaryPrimitives.ReadInt32BigEndian(reply[(at + 4)..]);
        at += 8;
        if ((sbyte)reply[at++] < 0) return new Answer(error, epoch, interval, null, default);
        if (Count(reply, ref at) == 0) return new Answer(error, epoch, interval, [], default);
        var topic = new Guid(reply.Slice(at, 16), bigEndian: true);
        at += 16;
        var partitions = new int[Count(reply, ref at)];
        for (int i = 0; i < partitions.Length; i++, at += 4) partitions[i] = BinaryPrimitives.ReadInt32BigEndian(reply[at..]);
        return new Answer(error, epoch, interval, partitions, topic);
    }

    // No instance id, no rack.
    private static FrameWriter Start(string group, string memberId, int epoch) =>
        FrameWriter.Flexible(68, 1).CompactString(group).CompactString(memberId).Int32(epoch).NoString().NoString();

    private static void SkipString(ReadOnlySpan<byte> reply, ref int at)
    {
        int length = Count(reply, ref at);
        at += Math.Max(length, 0);
    }

    private static int Count(ReadOnlySpan<byte> reply, ref int at)
    {
        uint value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = reply[at++];
            value |= (uint)(next & 0x7f) << shift;
            if (next < 0x80) return (int)value - 1;
        }
    }

    /// <summary>The answer to a heartbeat.</summary>
    /// <param name="Error">0, or why there is none.</param>
    /// <param name="Epoch">The member's epoch.</param>
    /// <param name="IntervalMs">When to come again.</param>
    /// <param name="Partitions">What the member is to have; null if that has not changed.</param>
    /// <param name="Topic">Of which topic.</param>
    internal readonly record struct Answer(short Error, int Epoch, int IntervalMs, int[]? Partitions, Guid Topic);
}
