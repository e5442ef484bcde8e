using System.Buffers.Binary;

namespace KBroker.Cli.Client;

/// <summary>
/// MurmurHash2, 32 bits, with the seed that Kafka's Java producer uses: equal keys go to the same partition from every client.
/// </summary>
public static class Murmur2
{
    private const uint Seed = 0x9747b28c;
    private const uint Multiplier = 0x5bd1e995;

    /// <summary>The hash of a key.</summary>
    public static int Hash(ReadOnlySpan<byte> data)
    {
        uint hash = Seed ^ (uint)data.Length;
        for (; data.Length >= sizeof(uint); data = data[sizeof(uint)..])
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(data) * Multiplier;
            word = (word ^ (word >> 24)) * Multiplier;
            hash = (hash * Multiplier) ^ word;
        }

        if (!data.IsEmpty)
        {
            uint rest = 0;
            for (int i = data.Length - 1; i >= 0; i--) rest = (rest << 8) | data[i];
            hash = (hash ^ rest) * Multiplier;
        }

        hash = (hash ^ (hash >> 13)) * Multiplier;
        return (int)(hash ^ (hash >> 15));
    }
}
