using System.Buffers.Binary;

namespace KBroker.Benchmarks.Load.Wire;

/// <summary>Requests about committed offsets, as whole frames, and what is in the answers.</summary>
internal static class OffsetRequests
{
    // The last of a commit of one partition: leader epoch and a note of no bytes.
    private const int AfterOffset = 4 + 2;

    /// <summary>OffsetCommit v7 of one partition, without a note.</summary>
    public static byte[] Commit(string group, int generation, string memberId, string topic, int partition) =>
        new FrameWriter(8, 7).String(group).Int32(generation).String(memberId).String(null)
            .Int32(1).String(topic).Int32(1).Int32(partition).Int64(0).Int32(-1).String("").ToFrame();

    /// <summary>Puts another offset into a frame of <see cref="Commit"/>.</summary>
    public static void SetOffset(Span<byte> commit, long offset) =>
        BinaryPrimitives.WriteInt64BigEndian(commit[^(AfterOffset + sizeof(long))..], offset);

    /// <summary>Throws unless a commit of one partition was taken: its error comes last.</summary>
    public static void CheckCommit(ReadOnlySpan<byte> reply)
    {
        short error = BinaryPrimitives.ReadInt16BigEndian(reply[^2..]);
        if (error != 0) throw new InvalidOperationException($"OffsetCommit was answered with error {error}");
    }

    /// <summary>OffsetFetch v5 of one partition.</summary>
    public static byte[] Fetch(string group, string topic, int partition) =>
        new FrameWriter(9, 5).String(group).Int32(1).String(topic).Int32(1).Int32(partition).ToFrame();

    /// <summary>OffsetFetch v5 of all that a group has.</summary>
    public static byte[] FetchAll(string group) => new FrameWriter(9, 5).String(group).Int32(-1).ToFrame();

    /// <summary>The error of the whole, how many offsets are told, and the last of them.</summary>
    public static (short Error, int Count, long Offset) ReadFetch(ReadOnlySpan<byte> reply)
    {
        var reader = new ReplyReader(reply);
        reader.Int32();
        int count = 0;
        long offset = -1;
        for (int topics = reader.Int32(); topics > 0; topics--)
        {
            reader.String();
            for (int partitions = reader.Int32(); partitions > 0; partitions--)
            {
                reader.Int32();
                offset = reader.Int64();
                reader.Int32();
                reader.String();
                reader.Success("OffsetFetch of a partition");
                if (offset >= 0) count++;
            }
        }

        return (reader.Int16(), count, offset);
    }
}
