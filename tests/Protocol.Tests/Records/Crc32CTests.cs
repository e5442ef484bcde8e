using KBroker.Protocol.Records;

namespace KBroker.Protocol.Tests.Records;

public sealed class Crc32CTests
{
    [Theory]
    [InlineData("", 0u)]
    [InlineData("a", 0xC1D0_4330u)]
    [InlineData("123456789", 0xE306_9283u)]
    public void Compute_KnownText_GivesPublishedValue(string text, uint expected) =>
        Assert.Equal(expected, Crc32C.Compute(System.Text.Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Compute_VectorsOfRfc3720_GivePublishedValues()
    {
        Assert.Equal(0x8A91_36AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x62A8_AB43u, Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD_794Eu, Crc32C.Compute(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));
    }

    [Fact]
    public void Compute_EveryLengthAndAlignment_AgreesWithBitwiseModel()
    {
        byte[] data = Noise(seed: 1, 40_000);
        for (int length = 0; length < 900; length++)
        {
            int start = length % 9;
            Assert.Equal(Model(data.AsSpan(start, length)), Crc32C.Compute(data.AsSpan(start, length)));
        }

        foreach (int length in new[] { 767, 768, 769, 6143, 6144, 6145, 6911, 6912, 12_287, 12_288, 12_289, 20_001, 39_990 })
        {
            for (int start = 0; start < 9; start++)
                Assert.Equal(Model(data.AsSpan(start, length)), Crc32C.Compute(data.AsSpan(start, length)));
        }
    }

    [Fact]
    public void Append_AnySplit_EqualsWhole()
    {
        byte[] data = Noise(seed: 2, 30_000);
        uint whole = Crc32C.Compute(data);
        var random = new Random(3);
        for (int round = 0; round < 200; round++)
        {
            int split = random.Next(data.Length + 1);
            Assert.Equal(whole, Crc32C.Append(Crc32C.Compute(data.AsSpan(0, split)), data.AsSpan(split)));
        }
    }

    private static byte[] Noise(int seed, int length)
    {
        byte[] data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }

    private static uint Model(ReadOnlySpan<byte> data)
    {
        uint state = uint.MaxValue;
        foreach (byte b in data)
        {
            state ^= b;
            for (int bit = 0; bit < 8; bit++) state = (state >> 1) ^ ((state & 1) != 0 ? 0x82F6_3B78 : 0);
        }

        return ~state;
    }
}
