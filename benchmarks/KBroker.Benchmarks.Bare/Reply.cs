using System.Buffers.Binary;

namespace KBroker.Benchmarks.Bare;

/// <summary>The 60 bytes that a bare server answers with: the size of the broker's answer to the load's Produce requests.</summary>
internal static class Reply
{
    public const int Size = 60;

    public static byte[] Create()
    {
        byte[] reply = GC.AllocateArray<byte>(Size, pinned: true);
        BinaryPrimitives.WriteInt32BigEndian(reply, Size - 4);
        return reply;
    }
}
