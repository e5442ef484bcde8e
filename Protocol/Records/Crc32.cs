namespace KBroker.Protocol.Records;

/// <summary>CRC-32 as zlib sums it, the checksum of messages of magic 0 and 1.</summary>
internal static class Crc32
{
    private static readonly uint[] Table = MakeTable();

    public static uint Compute(ReadOnlySpan<byte> data)
    {
        uint state = uint.MaxValue;
        foreach (byte b in data) state = Table[(byte)(state ^ b)] ^ (state >> 8);
        return ~state;
    }

    private static uint[] MakeTable()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint entry = i;
            for (int bit = 0; bit < 8; bit++) entry = (entry >> 1) ^ ((entry & 1) != 0 ? 0xEDB8_8320 : 0);
            table[i] = entry;
        }

        return table;
    }
}
