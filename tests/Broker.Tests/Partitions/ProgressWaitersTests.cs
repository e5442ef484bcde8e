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

    /// <summary>
    /// Each round one thing happens and is signalled once, while everyone who waits for it registers and looks, and others come and go
    /// between them: nobody may sleep through it. Who does ends the test after a while.
    /// </summary>
    [Fact]
    public void Signal_WhileOthersRegisterAndLook_WakesEveryone()
    {
        const int sleepers = 3;
        const int rounds = 4000;
        long happened = 0;
        int seen = 0;
        int overslept = 0;
        Thread[] waiting = [.. Enumerable.Range(0, sleepers).Select(_ => new Thread(() =>
        {
            using var sleeper = new Sleeper();
            for (int round = 1; round <= rounds; round++)
            {
                int slot = _waiters.Add(sleeper);
                while (Volatile.Read(ref happened) < round)
                {
                    if (sleeper.Sleep()) continue;
                    Interlocked.Increment(ref overslept);
                    _waiters.Remove(sleeper, slot);
                    return;
                }

                _waiters.Remove(sleeper, slot);
                Interlocked.Increment(ref seen);
            }
        }))];
        bool over = false;
        var passing = new Thread(() =>
        {
            var random = new Random(1);
            var passers = new Counter[6];
            int[] slots = new int[passers.Length];
            while (!Volatile.Read(ref over))
            {
                int at = random.Next(passers.Length);
                if (passers[at] is { } passer) _waiters.Remove(passer, slots[at]);
                slots[at] = _waiters.Add(passers[at] = new Counter());
                Thread.Yield();
            }
        });
        foreach (Thread thread in waiting) thread.Start();
        passing.Start();
        for (int round = 1; round <= rounds && Volatile.Read(ref overslept) == 0; round++)
        {
            // Not before all saw the last one: this signal is the only one that can wake them.
            for (int spins = 0; Volatile.Read(ref seen) < sleepers * (round - 1) && Volatile.Read(ref overslept) == 0; spins++)
            {
                if (spins > 2000) Thread.Yield();
            }

            // They are about to look, to register, or to sleep.
            Thread.SpinWait(round % 40);
            Volatile.Write(ref happened, round);
            _waiters.Signal(_rig.Partition, 1, false);
        }

        foreach (Thread thread in waiting) thread.Join();
        Volatile.Write(ref over, true);
        passing.Join();
        Assert.Equal((0, sleepers * rounds), (overslept, seen));
    }

    private sealed class Sleeper : IProgressWaiter, IDisposable
    {
        private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(20);

        private readonly SemaphoreSlim _signals = new(0);

        /// <summary>False if nothing woke it.</summary>
        public bool Sleep() => _signals.Wait(TooLong);

        public void OnProgress(Partition partition, long bytes, bool mustReread) => _signals.Release();

        public void Dispose() => _signals.Dispose();
    }

    private sealed class Counter : IProgressWaiter
    {
        public long Signals { get; set; }

        public void OnProgress(Partition partition, long bytes, bool mustReread) => Signals++;
    }
}
