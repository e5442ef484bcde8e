using KBroker.Broker.Coordinators.Transactions;
using KBroker.Controller.ProducerIds;
using KBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Coordinators.Transactions;

public sealed class ProducerIdsTests
{
    [Fact]
    public async Task Take_ManyAtOnce_GivesEachIdOnce()
    {
        var ids = new ProducerIds(new ScriptedBlocks(), NullLogger.Instance);
        var taken = new List<long>[8];
        await Task.WhenAll(Enumerable.Range(0, taken.Length).Select(async i =>
        {
            taken[i] = [];
            await Task.Yield();
            for (int n = 0; n < 1_000; n++) taken[i].Add((await ids.TakeAsync())!.Value);
        }));
        Assert.Equal(Enumerable.Range(0, 8_000).Select(i => (long)i), taken.SelectMany(one => one).Order());
    }

    [Fact]
    public async Task Take_HalfABlockLeft_TheNextIsFetchedAndNobodyWaits()
    {
        var blocks = new ScriptedBlocks();
        var ids = new ProducerIds(blocks, NullLogger.Instance);
        Assert.False(ids.TryTake(out _));
        Assert.True(await ids.EnsureAsync());
        for (int i = 0; i < 499; i++) Assert.True(ids.TryTake(out _));
        Assert.Equal(1, blocks.Claims);
        Assert.True(ids.TryTake(out _));
        await Eventually.TrueAsync(() => blocks.Claims == 2, "the next block");
        for (int i = 0; i < 500; i++) Assert.True(ids.TryTake(out _));
        long next = -1;
        await Eventually.TrueAsync(() => ids.TryTake(out next), "an id of the next block");
        Assert.Equal((1_000, 2), (next, blocks.Claims));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Take_StoreIsNotToBeHad_GivesNoneUntilItIs(bool throws)
    {
        var blocks = new ScriptedBlocks { Fails = true, Throws = throws };
        var ids = new ProducerIds(blocks, NullLogger.Instance);
        Assert.Null(await ids.TakeAsync());
        Assert.Null(await ids.TakeAsync());
        blocks.Fails = false;
        Assert.Equal(0, await ids.TakeAsync());
    }

    private sealed class ScriptedBlocks : IProducerIdBlocks
    {
        private long _next;

        public volatile bool Fails;

        public bool Throws { get; set; }

        public int Claims { get; private set; }

        public ValueTask<bool> SkipThroughAsync(long producerId) => throw new NotSupportedException();

        public async ValueTask<ProducerIdBlock?> ClaimAsync()
        {
            await Task.Yield();
            if (Fails) return Throws ? throw new IOException("the disk") : null;
            Claims++;
            long first = _next;
            _next += ProducerIdBlocks.BlockSize;
            return new ProducerIdBlock(first, _next - 1);
        }
    }
}
