using System.Diagnostics;
using KBroker.LogEngine;
using KBroker.Protocol.Identity;

namespace KBroker.Benchmarks.Load.Traffic;

/// <summary>
/// Producers on threads of their own, each appending to a log and counting a batch as acknowledged once it is on the disk, a few
/// in flight.
/// </summary>
internal sealed class FlushedProducers : IDisposable
{
    private readonly PartitionLog[] _logs;
    private readonly Producer[] _producers;
    private readonly byte[] _batch;
    private readonly int _inFlight;

    /// <param name="logs">The producers take them in turns.</param>
    /// <param name="producers">How many.</param>
    /// <param name="batch">What each appends again and again.</param>
    /// <param name="inFlight">At most so many unacknowledged, of each producer.</param>
    public FlushedProducers(PartitionLog[] logs, int producers, byte[] batch, int inFlight)
    {
        _logs = logs;
        _batch = batch;
        _inFlight = inFlight;
        _producers = [.. Enumerable.Range(0, producers).Select(i => new Producer(logs[i % logs.Length]))];
        foreach (PartitionLog log in logs)
        {
            Producer[] own = [.. _producers.Where(producer => producer.Log == log)];
            log.Flushed = () =>
            {
                // A failed log wakes everybody: its producers end the run instead of waiting for ever.
                long end = log.IsOpen ? log.RecoveryPoint : long.MaxValue - 1;
                foreach (Producer producer in own) producer.Wake(end);
            };
        }
    }

    /// <summary>Each appends so many batches; returns acknowledged batches per second.</summary>
    public async Task<double> RunAsync(int count)
    {
        var elapsed = Stopwatch.StartNew();
        await Clients.RunAsync(_producers.Length, i => _producers[i].Run([.. _batch], count, _inFlight), () => 0);
        return (double)count * _producers.Length / elapsed.Elapsed.TotalSeconds;
    }

    public void Dispose()
    {
        foreach (PartitionLog log in _logs) log.Flushed = null;
        foreach (Producer producer in _producers) producer.Dispose();
    }

    private sealed class Producer(PartitionLog log) : IDisposable
    {
        private readonly SemaphoreSlim _woken = new(0);
        private long _awaited = long.MaxValue;

        public PartitionLog Log => log;

        public void Wake(long end)
        {
            long awaited = Volatile.Read(ref _awaited);
            if (awaited <= end && Interlocked.CompareExchange(ref _awaited, long.MaxValue, awaited) == awaited) _woken.Release();
        }

        public void Run(byte[] batch, int count, int inFlight)
        {
            var ends = new Queue<long>();
            for (int sent = 0; sent < count || ends.Count > 0;)
            {
                while (sent < count && ends.Count < inFlight)
                {
                    ends.Enqueue(log.AppendAsLeader(batch, new LeaderEpoch(1)).NextOffset);
                    log.RequestFlush();
                    sent++;
                }

                Await(ends.Dequeue());
                while (ends.TryPeek(out long end) && end <= log.RecoveryPoint) ends.Dequeue();
            }
        }

        public void Dispose() => _woken.Dispose();

        private void Await(long end)
        {
            if (log.RecoveryPoint >= end) return;
            Volatile.Write(ref _awaited, end);
            Interlocked.MemoryBarrier();
            // What was flushed before the note has woken nobody; whoever takes the note back decides.
            if (log.RecoveryPoint >= end && Interlocked.CompareExchange(ref _awaited, long.MaxValue, end) == end) return;
            _woken.Wait();
            if (log.RecoveryPoint < end) throw new IOException($"{log.Directory} could not be flushed");
        }
    }
}
