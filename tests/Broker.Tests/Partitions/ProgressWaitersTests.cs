using KBroker.Broker.Partitions;

namespace KBroker.Broker.Tests.Partitions;

public sealed class ProgressWaitersTests : IDisposable
{
    private readonly PartitionRig _rig = new();
    private readonly ProgressWaiters _waiters = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void AddAndRemove_ManyWait_AllocatesNothing()
    {
        for (int i = 0; i < 1000; i++) _waiters.Add(new Counter());
        var waiter = new Counter();
        _waiters.Remove(waiter, _waiters.Add(waiter));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) _waiters.Remove(waiter, _waiters.Add(waiter));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Signal_AfterAnyComingAndGoing_ReachesEveryoneOnceAndNobodyElse(int seed)
    {
        var random = new Random(seed);
        var present = new List<(Counter Waiter, int Slot)>();
        var gone = new List<Counter>();
        for (int step = 0; step < 3000; step++)
        {
            if (random.Next(100) < (step < 1500 ? 60 : 40))
            {
                var waiter = new Counter();
                present.Add((waiter, _waiters.Add(waiter)));
            }
            else if (present.Count > 0)
            {
                int at = random.Next(present.Count);
                _waiters.Remove(present[at].Waiter, present[at].Slot);
                gone.Add(present[at].Waiter);
                present.RemoveAt(at);
            }

            if (step % 50 != 0) continue;
            foreach (Counter waiter in present.Select(one => one.Waiter).Concat(gone)) waiter.Signals = 0;
            _waiters.Signal(_rig.Partition, 1, false);
            Assert.All(present, one => Assert.Equal(1, one.Waiter.Signals));
            Assert.All(gone, waiter => Assert.Equal(0, waiter.Signals));
            Assert.Equal(present.Count, present.Select(one => one.Slot).Distinct().Count());
        }
    }

    private sealed class Counter : IProgressWaiter
    {
        public long Signals { get; set; }

        public void OnProgress(Partition partition, long bytes, bool mustReread) => Signals++;
    }
}
