using System.Text;
using KBroker.Controller.Coordination;
using KBroker.Controller.ProducerIds;
using KBroker.Controller.Tests.Coordination;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Tests.ProducerIds;

public sealed class ProducerIdBlocksTests
{
    private const string Path = "/latest_producer_id_block";

    [Fact]
    public async Task Claim_NothingTakenYet_WritesKafkasBytes()
    {
        await using ICoordinationSession session = await new InMemoryCoordinationStore().OpenSessionAsync();
        var blocks = new ProducerIdBlocks(session, new BrokerId(3));
        Assert.Equal(new ProducerIdBlock(0, 999), await blocks.ClaimAsync());
        Assert.Equal("""{"version":1,"broker":3,"block_start":"0","block_end":"999"}""", Encoding.UTF8.GetString((await session.GetAsync(Path)).Value.Data.Span));
        Assert.Equal(new ProducerIdBlock(1000, 1999), await blocks.ClaimAsync());
        Assert.Equal("""{"version":1,"broker":3,"block_start":"1000","block_end":"1999"}""", Encoding.UTF8.GetString((await session.GetAsync(Path)).Value.Data.Span));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("""{"version":1,"broker":9,"block_start":"5000","block_end":"5999"}""", 6000)]
    [InlineData("""{"version":1,"broker":9,"block_start":"9007199254740993","block_end":"9007199254740993"}""", 9007199254740994)]
    public async Task Claim_BlockOfKafka_GoesOnBehindIt(string latest, long first)
    {
        await using ICoordinationSession session = await new InMemoryCoordinationStore().OpenSessionAsync();
        await session.CreateAsync(Path, Encoding.UTF8.GetBytes(latest));
        Assert.Equal(new ProducerIdBlock(first, first + 999), await new ProducerIdBlocks(session, new BrokerId(0)).ClaimAsync());
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("{}")]
    [InlineData("""{"version":1,"broker":9,"block_start":"10","block_end":"9"}""")]
    [InlineData("""{"version":1,"broker":9,"block_start":"-10","block_end":"-1"}""")]
    [InlineData("""{"version":1,"broker":9,"block_start":"9223372036854775000","block_end":"9223372036854775807"}""")]
    [InlineData("""{"version":1,"broker":9,"block_start":"9223372036854774000","block_end":"9223372036854774999"}""")]
    public async Task Claim_NodeThatNamesNoBlock_GivesNoneAndLeavesItAlone(string latest)
    {
        await using ICoordinationSession session = await new InMemoryCoordinationStore().OpenSessionAsync();
        await session.CreateAsync(Path, Encoding.UTF8.GetBytes(latest));
        await Assert.ThrowsAsync<InvalidDataException>(async () => await new ProducerIdBlocks(session, new BrokerId(0)).ClaimAsync());
        Assert.Equal(latest, Encoding.UTF8.GetString((await session.GetAsync(Path)).Value.Data.Span));
    }

    [Fact]
    public async Task Claim_ManyBrokersAtOnce_NoBlockTwice()
    {
        var disk = new CrashingJournalStorage(new Random(1));
        await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk);
        var claims = new List<Task<ProducerIdBlock?>>();
        for (int broker = 0; broker < 8; broker++)
        {
            var blocks = new ProducerIdBlocks(await store.OpenSessionAsync(), new BrokerId(broker));
            for (int i = 0; i < 5; i++) claims.Add(blocks.ClaimAsync().AsTask());
        }

        ProducerIdBlock?[] taken = await Task.WhenAll(claims);
        Assert.Equal(Enumerable.Range(0, 40).Select(i => i * 1000L), taken.Select(block => block!.Value.First).Order());
    }

    [Fact]
    public async Task SkipThrough_IdsGivenOutElsewhere_AreNeverClaimed()
    {
        ICoordinationSession session = await new InMemoryCoordinationStore().OpenSessionAsync();
        var blocks = new ProducerIdBlocks(session, new BrokerId(0));
        Assert.True(await blocks.SkipThroughAsync(4_711));
        Assert.Equal(new ProducerIdBlock(4_712, 5_711), await blocks.ClaimAsync());
        Assert.True(await blocks.SkipThroughAsync(5_000));
        Assert.Equal(new ProducerIdBlock(5_712, 6_711), await blocks.ClaimAsync());
        Assert.True(await blocks.SkipThroughAsync(6_712));
        Assert.Equal(new ProducerIdBlock(6_713, 7_712), await blocks.ClaimAsync());
        await session.DisposeAsync();
        Assert.False(await blocks.SkipThroughAsync(9_000));
    }

    [Fact]
    public async Task Claim_SessionIsOver_GivesNone()
    {
        ICoordinationSession session = await new InMemoryCoordinationStore().OpenSessionAsync();
        var blocks = new ProducerIdBlocks(session, new BrokerId(0));
        await session.DisposeAsync();
        Assert.Null(await blocks.ClaimAsync());
    }

    [Fact]
    public async Task Claim_CrashAtEveryDiskOperation_NoBlockTwice()
    {
        for (int crashAt = 1; ; crashAt++)
        {
            for (int seed = 0; seed < 3; seed++)
            {
                var disk = new CrashingJournalStorage(new Random(seed)) { CrashAt = crashAt };
                var taken = new List<ProducerIdBlock>();
                try
                {
                    await using EmbeddedCoordinationStore store = EmbeddedCoordinationStore.Open(disk, snapshotThreshold: 400);
                    await ClaimAsync(store, 12, taken);
                }
                catch (IOException)
                {
                    Assert.True(disk.Crashed);
                }

                bool crashed = disk.Crashed;
                await using EmbeddedCoordinationStore recovered = EmbeddedCoordinationStore.Open(disk.PowerCycle(new Random(seed)), snapshotThreshold: 400);
                await ClaimAsync(recovered, 3, taken);
                Assert.Equal(taken.Select(block => block.First).Distinct().Count(), taken.Count);
                if (crashed) continue;
                Assert.True(crashAt > 20, $"only {crashAt} crash points");
                return;
            }
        }
    }

    private static async Task ClaimAsync(EmbeddedCoordinationStore store, int count, List<ProducerIdBlock> taken)
    {
        await using ICoordinationSession session = await store.OpenSessionAsync();
        var blocks = new ProducerIdBlocks(session, new BrokerId(0));
        for (int i = 0; i < count; i++) taken.Add((await blocks.ClaimAsync())!.Value);
    }
}
