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

    [Fact]
    public void Read_RandomBytes_IsMalformedOrCanBeWrittenAndReadAgain()
    {
        var random = new Random(40);
        int read = 0;
        foreach (MessageCodec codec in MessageCodec.All)
        {
            for (short version = codec.LowestVersion; version <= codec.HighestVersion; version++)
            {
                for (int i = 0; i < 60; i++)
                {
                    // Small bytes make small counts and lengths, which lead deeper into a message.
                    var bytes = new byte[random.Next(300)];
                    for (int at = 0; at < bytes.Length; at++) bytes[at] = (byte)random.Next(i % 3 == 0 ? 256 : 3);
                    read += TryRoundTrip(codec, bytes, version);
                }
            }
        }

        Assert.True(read > 1000, $"only {read} of the random messages could be read");
    }

    [Fact]
    public void Read_SeveralBytesChanged_IsMalformedOrCanBeWrittenAndReadAgain()
    {
        var random = new Random(41);
        foreach (JsonElement row in VectorFiles.Messages)
        {
            byte[] golden = MessageCodec.BytesOf(row);
            for (int i = 0; i < 20 && golden.Length > 0; i++)
            {
                byte[] bytes = [.. golden];
                for (int n = random.Next(1, 5); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                TryRoundTrip(MessageCodec.Of(row), bytes, MessageCodec.VersionOf(row));
            }
        }
    }

    /// <summary>What was read can be written, and what was written is read as the same. Returns 1 if the bytes could be read.</summary>
    private static int TryRoundTrip(MessageCodec codec, byte[] bytes, short version)
    {
        WireStruct message;
        try
        {
            message = codec.Read(bytes, version, out _);
        }
        catch (MalformedMessageException)
        {
            return 0;
        }

        byte[] written = message.ToArray(version);
        Assert.Equal(written, codec.Read(written, version).ToArray(version));
        return 1;
    }
}
