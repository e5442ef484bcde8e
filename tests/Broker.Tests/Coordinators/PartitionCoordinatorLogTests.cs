using KBroker.Broker.Coordinators;
using KBroker.Broker.Tests.Partitions;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Identity;
using KBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>A coordinator's log on a partition whose leadership and replicas move.</summary>
public sealed class PartitionCoordinatorLogTests
{
    [Fact]
    public void Append_NextTermBeginsWhileTheBatchIsMade_WritesNothingIntoIt()
    {
        using var rig = new PartitionRig();
        rig.Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self));
        var time = new TimeOfChange();
        using var log = new PartitionCoordinatorLog(rig.Partition, new LeaderEpoch(1), time, TimeSpan.FromSeconds(1), static () => { });
        Assert.Equal(ErrorCode.None, log.Append([new CoordinatorRecord([1], [1])]));
        time.OnAsked = () => rig.Partition.Apply(PartitionRig.Leader(2, PartitionRig.Self));
        Assert.Equal(ErrorCode.NotCoordinator, log.Append([new CoordinatorRecord([2], [2])]));
        Assert.Equal(1, rig.Partition.Log.LogEndOffset);
        Assert.Equal(ErrorCode.NotCoordinator, log.Append([new CoordinatorRecord([3], [3])]));
    }

    [Fact]
    public async Task Progress_OfReplicasOrDisk_DoesNotRunTheMachineOnTheirThread()
    {
        using var rig = new PartitionRig();
        rig.Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self, PartitionRig.Other));
        using var codecs = new CompressionCodecs();
        using var shard = new CoordinatorShard<Machine>(
            rig.Partition,
            new LeaderEpoch(1),
            static term => new Machine(term),
            new CoordinatorLoader(codecs, NullLogger.Instance),
            TimeSpan.FromMinutes(1),
            TimeProvider.System,
            NullLogger.Instance);
        shard.Load();
        await Eventually.TrueAsync(() => shard.Refusal == ErrorCode.None, "the load");
        int signaller = -1;
        bool? inline = null;
        shard.Run(
            machine =>
            {
                machine.Term.Log.Append([new CoordinatorRecord([1], [1])]);
                machine.Term.Log.WhenCommitted(_ => inline = Volatile.Read(ref signaller) == Environment.CurrentManagedThreadId);
            },
            static _ => { });
        Assert.Null(inline);
        Volatile.Write(ref signaller, Environment.CurrentManagedThreadId);
        rig.Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self) with { PartitionEpoch = new PartitionEpoch(2) });
        Volatile.Write(ref signaller, -1);
        await Eventually.TrueAsync(() => inline is not null, "the commit");
        Assert.False(inline);
    }

    private sealed class Machine(CoordinatorTerm term) : ICoordinatorMachine
    {
        public CoordinatorTerm Term => term;

        public CoordinatorTimers Timers => term.Timers;

        public void Replay(in CoordinatorRecord record, long producerId)
        {
        }

        public void ReplayEnd(long producerId, bool committed)
        {
        }

        public void Start()
        {
        }

        public void End(ErrorCode error)
        {
        }
    }

    /// <summary>A clock that is asked between an append's first look at the leadership and the append.</summary>
    private sealed class TimeOfChange : TimeProvider
    {
        public Action? OnAsked { get; set; }

        public override DateTimeOffset GetUtcNow()
        {
            OnAsked?.Invoke();
            return base.GetUtcNow();
        }
    }
}
