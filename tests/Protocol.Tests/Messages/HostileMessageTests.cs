using System.Text.Json;
using KBroker.Protocol.Wire;

namespace KBroker.Protocol.Tests.Messages;

/// <summary>Bytes that are not what they claim to be: only <see cref="MalformedMessageException"/>, and bounded memory.</summary>
public sealed class HostileMessageTests
{
    private const int MutationsPerVector = 200;

    [Fact]
    public void Read_CutOffAnywhere_IsMalformed()
    {
        foreach (JsonElement row in VectorFiles.Messages)
        {
            MessageCodec codec = MessageCodec.Of(row);
            short version = MessageCodec.VersionOf(row);
            byte[] bytes = MessageCodec.BytesOf(row);
            for (int length = 0; length < bytes.Length; length++)
                Assert.Throws<MalformedMessageException>(() => codec.Read(bytes.AsMemory(0, length), version, out _));
        }
    }

    [Fact]
    public void Read_ByteChanged_IsReadOrMalformedInBoundedMemory()
    {
        var random = new Random(20260101);
        foreach (JsonElement row in VectorFiles.Messages)
        {
            MessageCodec codec = MessageCodec.Of(row);
            short version = MessageCodec.VersionOf(row);
            byte[] golden = MessageCodec.BytesOf(row);
            for (int i = 0; i < MutationsPerVector && golden.Length > 0; i++)
            {
                byte[] bytes = [.. golden];
                int at = random.Next(bytes.Length);
                bytes[at] = (byte)(i % 4 == 0 ? 0xFF : i % 4 == 1 ? 0x7F : random.Next(256));
                long before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    codec.Read(bytes, version, out _);
                }
                catch (MalformedMessageException)
                {
                    // What is expected of most changes to a length or a count.
                }

                long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.True(allocated <= (16 * bytes.Length) + (1 << 20), $"{codec.Type.Name} v{version}: {allocated} bytes for {bytes.Length}");
            }
        }
    }
}
