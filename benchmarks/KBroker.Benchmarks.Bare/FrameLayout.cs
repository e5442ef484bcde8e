using System.Buffers.Binary;

namespace KBroker.Benchmarks.Bare;

/// <summary>Where the batch lies in the load's Produce v8 frames: one topic, one partition, the batch last.</summary>
internal static class FrameLayout
{
    /// <summary>The index of the batch's first byte. The load's client id and topic name are the only variable parts.</summary>
    public static int BatchStart(ReadOnlySpan<byte> frame)
    {
        int at = 12;
        at += 2 + BinaryPrimitives.ReadInt16BigEndian(frame[at..]);
        at += 2 + 2 + 4 + 4;
        at += 2 + BinaryPrimitives.ReadInt16BigEndian(frame[at..]);
        return at + 4 + 4 + 4;
    }
}
