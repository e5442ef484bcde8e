using KBroker.Broker.Fetching;
using KBroker.Broker.Offsets;
using KBroker.Broker.Partitions;
using KBroker.Broker.Tests.Partitions;
using KBroker.LogEngine.Producers;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;

namespace KBroker.Broker.Tests.Fetching;

/// <summary>What a read_committed consumer gets where transactions are open, committed and aborted.</summary>
public sealed class CommittedFetchTests : IDisposable
{
    private readonly PartitionRig _rig = new();
    private readonly PartitionRegistry _registry = new();
    private int _sequence;

    public CommittedFetchTests()
    {
        _registry.Add([_rig.Partition]);
        _rig.Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self));
    }

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Fetch_OpenTransaction_EndsBeforeIt()
    {
        _rig.Partition.AppendAsLeader(PartitionRig.Batch(2), allReplicas: false);
        Transactional(7, 3);
        _rig.Partition.AppendAsLeader(PartitionRig.Batch(), allReplicas: false);

        FetchResponse.PartitionData committed = Fetch(0, ReadIsolation.ReadCommitted);
        FetchResponse.PartitionData all = Fetch(0, ReadIsolation.ReadUncommitted);

        Assert.Equal((ErrorCode.None, 6, 2), (committed.ErrorCode, committed.HighWatermark, committed.LastStableOffset));
        Assert.Equal(PartitionRig.Batch(2).Length, committed.Records.Length);
        Assert.Empty(committed.AbortedTransactions!);
        Assert.Equal((6, 2), (all.HighWatermark, all.LastStableOffset));
        Assert.True(all.Records.Length > committed.Records.Length);
        Assert.Null(all.AbortedTransactions);
        Assert.Equal(2, OffsetReader.Find(_rig.Partition, OffsetReader.Latest, OffsetReaderKind.CommittedConsumer, LeaderEpoch.Unknown).Offset);
        Assert.Equal(6, OffsetReader.Find(_rig.Partition, OffsetReader.Latest, OffsetReaderKind.Consumer, LeaderEpoch.Unknown).Offset);
        Assert.Equal(0, Fetch(2, ReadIsolation.ReadCommitted).Records.Length);
    }

    [Fact]
    public void Fetch_AbortedTransactions_AreListedToCommittedReadersOnly()
    {
        Transactional(7, 3);
        Transactional(8, 1);
        End(7, commit: false);
        End(8, commit: true);
        _rig.Partition.AppendAsLeader(PartitionRig.Batch(), allReplicas: false);

        FetchResponse.PartitionData committed = Fetch(0, ReadIsolation.ReadCommitted);

        Assert.Equal((7, 7), (committed.HighWatermark, committed.LastStableOffset));
        FetchResponse.AbortedTransaction aborted = Assert.Single(committed.AbortedTransactions!);
        Assert.Equal((7, 0), (aborted.ProducerId, aborted.FirstOffset));
        Assert.Null(Fetch(0, ReadIsolation.ReadUncommitted).AbortedTransactions);
        Assert.Empty(Fetch(6, ReadIsolation.ReadCommitted).AbortedTransactions!);
    }

    [Fact]
    public void Fetch_Refused_ListsNothing()
    {
        FetchResponse.PartitionData refused = Fetch(9, ReadIsolation.ReadCommitted);
        Assert.Equal(ErrorCode.OffsetOutOfRange, refused.ErrorCode);
        Assert.Null(refused.AbortedTransactions);
    }

    private void Transactional(long producerId, int records)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions
        {
            ProducerId = producerId,
            ProducerEpoch = 0,
            BaseSequence = _sequence,
            IsTransactional = true,
        });
        for (int i = 0; i < records; i++) builder.Append(1_700_000_000_000, [1], [2]);
        _sequence += records;
        Assert.Equal(ErrorCode.None, _rig.Partition.AppendAsLeader(builder.ToArray(), allReplicas: false).Error);
    }

    private void End(long producerId, bool commit) => _rig.Partition.Log.AppendAsLeader(
        new EndTransactionMarker(commit, 0).ToBatch(producerId, 0, 1_700_000_000_000), new LeaderEpoch(1), AppendOrigin.Coordinator);

    private FetchResponse.PartitionData Fetch(long offset, ReadIsolation isolation)
    {
        var cache = new FetchSessionCache(1, TimeProvider.System, new Random(1));
        var wanted = new FetchPartition(new FetchPartitionKey(_rig.Partition.TopicId, null, 0)) { FetchOffset = offset, MaxBytes = 1 << 20 };
        FetchContext fetch = cache.Open(new FetchRequestMetadata(0, -1), [wanted], [], usesTopicIds: true, isFollower: false);
        FetchRound round = new FetchReader(_registry).Read(fetch.Partitions, new FetchLimits(1 << 20, 0, TimeSpan.Zero, isolation, IsReplica: false));
        FetchResponse response = FetchAnswers.Create(fetch, round, usesTopicIds: true, isolation);
        round.Release();
        return response.Responses[0].Partitions[0];
    }
}
