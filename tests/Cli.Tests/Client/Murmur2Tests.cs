using System.Text;
using KBroker.Cli.Client;

namespace KBroker.Cli.Tests.Client;

public sealed class Murmur2Tests
{
    // Figures of the Java client's own test.
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [InlineData("abc", 479470107)]
    public void Hash_KnownKeys_AsInJava(string key, int hash) => Assert.Equal(hash, Murmur2.Hash(Encoding.UTF8.GetBytes(key)));

    [Fact]
    public void ForKey_NegativeHash_IsAPartition()
    {
        for (int count = 1; count < 50; count++)
            Assert.Equal((-973932308 & int.MaxValue) % count, RecordPartitioner.ForKey("21"u8, count));
    }
}
