using System.Text;
using KBroker.LogEngine.Compaction;

namespace KBroker.LogEngine.Tests.Compaction;

public sealed class OffsetMapTests
{
    [Theory]
    [InlineData(0, "A3817F04BA25A8E66DF67214C7550293")]
    [InlineData(1, "DA87C1D86B99AF44347659119B22FC45")]
    public void KeyHash_ReferenceVector_IsSipHash128(int length, string expected)
    {
        byte[] key = [.. Enumerable.Range(0, length).Select(i => (byte)i)];
        (ulong first, ulong second) = new KeyHash(0x0706050403020100, 0x0F0E0D0C0B0A0908).Of(key);
        Assert.Equal(expected, Convert.ToHexString([.. BitConverter.GetBytes(first), .. BitConverter.GetBytes(second)]));
    }

    [Fact]
    public void TryPut_UntilFull_HoldsCapacityAndStillUpdates()
    {
        using var map = new OffsetMap(24 * 1000, long.MaxValue, 0.9);
        Assert.Equal(900, map.Capacity);
        Assert.Equal(24_000, map.SizeInBytes);
        for (int i = 0; i < 900; i++) Assert.True(map.TryPut(Key(i), i));
        Assert.False(map.TryPut(Key(900), 900));
        Assert.True(map.TryPut(Key(5), 5000));
        Assert.Equal(900, map.Count);
        for (int i = 0; i < 900; i++) Assert.Equal(i == 5 ? 5000 : i, map.Get(Key(i)));
        Assert.Equal(-1, map.Get(Key(900)));
    }

    [Fact]
    public void Memory_FewKeysPossible_IsNoMoreThanTheyNeed()
    {
        using var map = new OffsetMap(128 << 20, 1000, 0.9);
        Assert.InRange(map.SizeInBytes, 24 * 1000, 24 * 1200);
        Assert.True(map.Capacity >= 1000, $"room for {map.Capacity}");
    }

    private static byte[] Key(int i) => Encoding.UTF8.GetBytes($"key-{i}");
}
