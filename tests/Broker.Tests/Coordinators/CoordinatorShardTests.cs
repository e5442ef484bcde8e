using KBroker.Broker.Coordinators;
using KBroker.Broker.Tests.Partitions;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Identity;
using KBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Coordinators;

public sealed class CoordinatorShardTests
{
    // The clock of timers is a coarser one than that of deadlines, and may be milliseconds ahead of it.
    [Fact]
    public async Task Deadline_TimerRingsTooEarly_IsMetAllTheSame()
    {
        using var rig = new PartitionRig();
        rig.Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self));
        using var codecs = new CompressionCodecs();
        var time = new EarlyTime();
        using var shard = new CoordinatorShard<Machine>(
            rig.Partition,
            new LeaderEpoch(1),
            static term => new Machine(term.Timers),
            new CoordinatorLoader(codecs, NullLogger.Instance),
            TimeSpan.FromSeconds(1),
            time,
            NullLogger.Instance);
        shard.Load();
        await Eventually.TrueAsync(() => time.Armed is not null, "the load");
        time.Milliseconds = Machine.DeadlineMs - 5;
        time.Ring();
        Assert.NotNull(time.Armed);
        time.Milliseconds = Machine.DeadlineMs;
        time.Ring();
        int rung = -1;
        shard.Run(machine => rung = machine.Rung, static _ => { });
        Assert.Equal(1, rung);
    }

    [Fact]
    public async Task RunLong_ShardLoads_RunsOnceItIsLoaded()
    {
        using var rig = new PartitionRig();
        rig.Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self));
        using var codecs = new CompressionCodecs();
        using var started = new ManualResetEventSlim();
        using var shard = new CoordinatorShard<Machine>(
            rig.Partition,
            new LeaderEpoch(1),
            term => new Machine(term.Timers) { Started = started },
            new CoordinatorLoader(codecs, NullLogger.Instance),
            TimeSpan.FromSeconds(1),
            TimeProvider.System,
            NullLogger.Instance);
        shard.Load();
        var ran = new TaskCompletionSource<ErrorCode>(TaskCreationOptions.RunContinuationsAsynchronously);
        shard.RunLong(_ => ran.SetResult(shard.Refusal));
        Assert.False(ran.Task.IsCompleted);
        started.Set();
        Assert.Equal(ErrorCode.None, await ran.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Load_RecordThatTheMachineCannotTake_IsLeftOutAlone()
    {
        using var rig = new PartitionRig();
        rig.Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self));
        rig.Partition.AppendAsLeader(PartitionRig.Batch(3), allReplicas: false);
        using var codecs = new CompressionCodecs();
        using var shard = new CoordinatorShard<Machine>(
            rig.Partition,
            new LeaderEpoch(1),
            static term => new Machine(term.Timers) { Untakable = 1 },
            new CoordinatorLoader(codecs, NullLogger.Instance),
            TimeSpan.FromSeconds(1),
            TimeProvider.System,
            NullLogger.Instance);
        shard.Load();
        await Eventually.TrueAsync(() => shard.Refusal == ErrorCode.None, "the load");
        int replayed = 0;
        shard.Run(machine => replayed = machine.Replayed, static _ => { });
        Assert.Equal(3, replayed);
    }

    private sealed class Machine : ICoordinatorMachine
    {
        public const int DeadlineMs = 100;

        private readonly CoordinatorTimer _timer;

        public Machine(CoordinatorTimers timers)
        {
            Timers = timers;
            _timer = new CoordinatorTimer(timers, () => Rung++);
        }

        public int Rung { get; private set; }

        /// <summary>What the machine's start waits for.</summary>
        public ManualResetEventSlim? Started { get; init; }

        /// <summary>The number of the record that it throws at.</summary>
        public int? Untakable { get; init; }

        public int Replayed { get; private set; }

        public CoordinatorTimers Timers { get; }

        public void Replay(in CoordinatorRecord record, long producerId)
        {
            if (Replayed++ == Untakable) throw new ArgumentException("a member twice");
        }

        public void ReplayEnd(long producerId, bool committed)
        {
        }

        public void Start()
        {
            Started?.Wait();
            _timer.Start(DeadlineMs);
        }

        public void End(ErrorCode error)
        {
        }
    }

    /// <summary>A clock that the test sets, and one timer that rings when the test says so.</summary>
    private sealed class EarlyTime : TimeProvider
    {
        private TimerCallback? _ring;

        public long Milliseconds { get; set; }

        public TimeSpan? Armed { get; private set; }

        public override long TimestampFrequency => 1_000;

        public override long GetTimestamp() => Milliseconds;

        public void Ring()
        {
            Assert.NotNull(Armed);
            Armed = null;
            _ring!(null);
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _ring = callback;
            return new Timer(this);
        }

        private sealed class Timer(EarlyTime time) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                time.Armed = dueTime == Timeout.InfiniteTimeSpan ? null : dueTime;
                return true;
            }

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
