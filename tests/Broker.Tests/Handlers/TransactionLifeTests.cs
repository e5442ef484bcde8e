using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>Whole transactions over TCP in both protocols: records and offsets, seen by readers of both isolation levels.</summary>
public sealed class TransactionLifeTests : IAsyncLifetime
{
    private BrokerRig _rig = null!;

    public async Task InitializeAsync()
    {
        _rig = await BrokerRig.StartAsync(("transaction.state.log.num.partitions", "2"), ("offsets.topic.num.partitions", "2"));
        Assert.Equal(ErrorCode.None, (await _rig.CreateAsync("t", 2)).ErrorCode);
        await ReadyAsync();
    }

    public async Task DisposeAsync() => await _rig.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Transactions_CommittedAndAborted_AreSeenByReadersAsTheyEnded(bool second)
    {
        RawProducer a = await NewAsync("a", second);
        RawProducer b = await NewAsync("b", second);
        await BeginAsync(a, second);
        await BeginAsync(b, second);
        Assert.Equal((ErrorCode.None, 0), await a.ProduceAsync(1));
        Assert.Equal((ErrorCode.None, 1), await b.ProduceAsync(2));
        Assert.Equal((ErrorCode.None, 2), await a.ProduceAsync(3));
        Assert.Empty(await ReadAsync(committed: true));
        Assert.Equal([1, 2, 3], await ReadAsync(committed: false));
        Assert.Equal((0, 3), (await ListAsync(-1, committed: true), await ListAsync(-1, committed: false)));
        Assert.Equal((-1, 2), (await ListAsync(-3, committed: true), await ListAsync(-3, committed: false)));

        Assert.Equal(ErrorCode.None, await a.EndAsync(commit: false));
        Assert.Equal(ErrorCode.None, await b.EndAsync(commit: true));
        await StableAsync(5);
        FetchResponse.PartitionData fetched = await FetchAsync(committed: true);
        FetchResponse.AbortedTransaction aborted = Assert.Single(fetched.AbortedTransactions!);
        Assert.Equal((a.Id, 0), (aborted.ProducerId, aborted.FirstOffset));
        Assert.Equal([2], await ReadAsync(committed: true));
        Assert.Equal(5, await ListAsync(-1, committed: true));

        // The next transactions of both.
        await BeginAsync(a, second);
        Assert.Equal((ErrorCode.None, 5), await a.ProduceAsync(4));
        Assert.Equal(ErrorCode.None, await a.EndAsync(commit: true));
        await StableAsync(7);
        Assert.Equal([2, 4], await ReadAsync(committed: true));
    }

    [Theory]
    [InlineData(10, ErrorCode.InvalidTxnState)]
    [InlineData(11, ErrorCode.TransactionAbortable)]
    public async Task Produce_PartitionNotAdded_IsRefusedInTheFirstProtocol(short version, ErrorCode expected)
    {
        RawProducer a = await NewAsync("a", second: false);
        a.ProduceVersion = version;
        Assert.Equal((expected, -1), await a.ProduceAsync(1));
        await BeginAsync(a, second: false, partition: 1);
        Assert.Equal((expected, -1), await a.ProduceAsync(1, partition: 0));
        Assert.Equal((ErrorCode.None, 0), await a.ProduceAsync(1, partition: 1));
        Assert.Equal(0, await ListAsync(-1, committed: false));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Produce_ZombieOrStranger_IsRefusedAndLeavesNothingOpen(bool second)
    {
        RawProducer zombie = await NewAsync("a", second);
        await BeginAsync(zombie, second);
        Assert.Equal((ErrorCode.None, 0), await zombie.ProduceAsync(1));
        RawProducer successor = await NewAsync("a", second);
        Assert.Equal(zombie.Id, successor.Id);
        await StableAsync(2);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, (await zombie.ProduceAsync(2)).Error);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, (await zombie.ProduceAsync(2, partition: 1)).Error);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, await zombie.CommitOffsetAsync(5));

        var stranger = new RawProducer(_rig, "a", second) { Id = successor.Id + 1_000_000, Epoch = 0 };
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, (await stranger.ProduceAsync(3)).Error);
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, await stranger.CommitOffsetAsync(5));
        var unknown = new RawProducer(_rig, "nobody", second) { Id = successor.Id, Epoch = successor.Epoch };
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, (await unknown.ProduceAsync(3)).Error);
        Assert.Equal((2, 2), (await ListAsync(-1, committed: true), await ListAsync(-1, committed: false)));
        Assert.Empty(await ReadAsync(committed: true));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TxnOffsetCommit_OpenTransaction_HoldsItsOffsetsBack(bool second)
    {
        RawProducer a = await NewAsync("a", second);
        foreach ((bool commit, long offset, long before) in new[] { (true, 5L, -1L), (false, 9L, 5L), (true, 7L, 5L) })
        {
            if (!second) Assert.Equal(ErrorCode.None, await a.AddOffsetsAsync());
            Assert.Equal(ErrorCode.None, await a.CommitOffsetAsync(offset));
            Assert.Equal((ErrorCode.None, before), await OffsetAsync());
            Assert.Equal(ErrorCode.UnstableOffsetCommit, (await OffsetAsync(requireStable: true)).Error);
            Assert.Equal(ErrorCode.None, await a.EndAsync(commit));
            await Eventually.TrueAsync(async () => (await OffsetAsync(requireStable: true)).Error == ErrorCode.None, "the end of the transaction");
            Assert.Equal((ErrorCode.None, commit ? offset : before), await OffsetAsync(requireStable: true));
        }
    }

    [Fact]
    public async Task TxnOffsetCommit_EveryVersion_IsTaken()
    {
        for (short version = 0; version <= 5; version++)
        {
            RawProducer a = await NewAsync($"v{version}", second: version >= 5);
            a.CommitVersion = version;
            if (version < 5) Assert.Equal(ErrorCode.None, await a.AddOffsetsAsync($"g{version}"));
            Assert.Equal(ErrorCode.None, await a.CommitOffsetAsync(version, $"g{version}"));
            Assert.Equal(ErrorCode.None, await a.EndAsync(commit: true));
            await Eventually.TrueAsync(async () => (await OffsetAsync(requireStable: true, group: $"g{version}")).Offset == version, $"the offset of version {version}");
        }
    }

    [Theory]
    [InlineData(3, ErrorCode.InvalidTxnState)]
    [InlineData(4, ErrorCode.TransactionAbortable)]
    public async Task TxnOffsetCommit_GroupNotAdded_IsRefusedInTheFirstProtocol(short version, ErrorCode expected)
    {
        RawProducer a = await NewAsync("a", second: false);
        a.CommitVersion = version;
        Assert.Equal(expected, await a.CommitOffsetAsync(5));
        Assert.Equal((ErrorCode.None, -1), await OffsetAsync(requireStable: true));
    }

    [Fact]
    public async Task TxnOffsetCommit_ThatCannotBe_IsNamed()
    {
        RawProducer a = await NewAsync("a", second: true);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, await a.CommitOffsetAsync(5, topic: "none"));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, await a.CommitOffsetAsync(5, partition: 9));
        Assert.Equal(ErrorCode.InvalidGroupId, await a.CommitOffsetAsync(5, group: ""));
        Assert.Equal(ErrorCode.IllegalGeneration, await a.CommitOffsetAsync(5, group: "new", generation: 3, memberId: "m"));
        long id = a.Id;
        a.Id = -1;
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, await a.CommitOffsetAsync(5));
        (a.Id, a.Epoch) = (id, -1);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, await a.CommitOffsetAsync(5));
    }

    [Fact]
    public async Task TxnOffsetCommit_MemberOfAnEarlierGeneration_IsFenced()
    {
        RawProducer a = await NewAsync("a", second: true);
        JoinGroupResponse joined = await JoinAsync("", "static");
        Assert.Equal(ErrorCode.None, await a.CommitOffsetAsync(5, generation: joined.GenerationId, memberId: joined.MemberId, instanceId: "static"));
        Assert.Equal(ErrorCode.IllegalGeneration, await a.CommitOffsetAsync(6, generation: joined.GenerationId - 1, memberId: joined.MemberId));
        Assert.Equal(ErrorCode.UnknownMemberId, await a.CommitOffsetAsync(6, generation: joined.GenerationId, memberId: "else"));
        Assert.Equal(ErrorCode.FencedInstanceId, await a.CommitOffsetAsync(6, generation: joined.GenerationId, memberId: "else", instanceId: "static"));
        // Old clients do not say who they are.
        Assert.Equal(ErrorCode.None, await a.CommitOffsetAsync(7));
        Assert.Equal(ErrorCode.None, await a.EndAsync(commit: true));
        await Eventually.TrueAsync(async () => await OffsetAsync(requireStable: true) == (ErrorCode.None, 7), "the offset");
    }

    [Fact]
    public async Task DeleteGroups_WithOffsetsOfAnOpenTransaction_DoesNotBringThemBack()
    {
        RawProducer a = await NewAsync("a", second: true);
        Assert.Equal(ErrorCode.None, await a.CommitOffsetAsync(5));
        DeleteGroupsResponse deleted = await _rig.CallAsync<DeleteGroupsResponse>(new DeleteGroupsRequest { GroupsNames = ["g"] }, 2);
        Assert.Equal(ErrorCode.None, deleted.Results[0].ErrorCode);
        Assert.Equal(ErrorCode.None, await a.EndAsync(commit: true));
        Assert.Equal(ErrorCode.None, await a.CommitOffsetAsync(6, group: "other"));
        Assert.Equal((ErrorCode.None, -1), await OffsetAsync(requireStable: true));
        await _rig.CrashAndRestartAsync();
        await ReadyAsync();
        Assert.Equal((ErrorCode.None, -1), await OffsetAsync(requireStable: true));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public async Task Transactions_BrokerDiesWithin_GoOnWhereTheyWere(bool second, bool commit)
    {
        RawProducer a = await NewAsync("a", second);
        await BeginAsync(a, second);
        if (!second) await a.AddOffsetsAsync();
        Assert.Equal((ErrorCode.None, 0), await a.ProduceAsync(1));
        Assert.Equal(ErrorCode.None, await a.CommitOffsetAsync(5));
        await _rig.CrashAndRestartAsync();
        await ReadyAsync();
        Assert.Empty(await ReadAsync(committed: true));
        Assert.Equal(ErrorCode.UnstableOffsetCommit, (await OffsetAsync(requireStable: true)).Error);
        Assert.Equal((ErrorCode.None, 0), await a.ProduceAtAsync(0, 1));
        Assert.Equal((ErrorCode.None, 1), await a.ProduceAsync(2));
        Assert.Equal(ErrorCode.None, await a.EndAsync(commit));
        await StableAsync(3);
        await Eventually.TrueAsync(async () => (await OffsetAsync(requireStable: true)).Error == ErrorCode.None, "the end of the transaction");
        await _rig.CrashAndRestartAsync();
        await ReadyAsync();
        byte[] expected = commit ? [1, 2] : [];
        Assert.Equal(expected, await ReadAsync(committed: true));
        Assert.Equal((ErrorCode.None, commit ? 5 : -1), await OffsetAsync(requireStable: true));
    }

    [Fact]
    public async Task DescribeProducers_OpenAndEndedTransactions_AreTold()
    {
        RawProducer a = await NewAsync("a", second: true);
        await _rig.ProduceAsync("t", 1);
        await a.ProduceAsync(1);
        await a.ProduceAsync(2);
        DescribeProducersResponse.ProducerState open = Assert.Single((await DescribeAsync(0)).ActiveProducers);
        Assert.Equal((a.Id, a.Epoch, 1, 1L, -1), (open.ProducerId, open.ProducerEpoch, open.LastSequence, open.CurrentTxnStartOffset, open.CoordinatorEpoch));
        await a.EndAsync(commit: true);
        await StableAsync(4);
        DescribeProducersResponse.ProducerState ended = Assert.Single((await DescribeAsync(0)).ActiveProducers);
        Assert.Equal((a.Id, a.Epoch, -1L), (ended.ProducerId, ended.ProducerEpoch, ended.CurrentTxnStartOffset));
        Assert.True(ended.CoordinatorEpoch >= 0);
        Assert.Empty((await DescribeAsync(1)).ActiveProducers);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await DescribeAsync(7)).ErrorCode);
    }

    [Fact]
    public async Task DescribeProducers_PartitionNamedAgainAndAgain_IsToldOnce()
    {
        RawProducer a = await NewAsync("a", second: true);
        await a.ProduceAsync(1);
        DescribeProducersResponse response = await _rig.CallAsync<DescribeProducersResponse>(
            new DescribeProducersRequest { Topics = [new() { Name = "t", PartitionIndexes = [0, 1, 0, 0] }, new() { Name = "t", PartitionIndexes = [1, 0] }] }, 0);
        Assert.Equal([0, 1], Assert.Single(response.Topics).Partitions.Select(partition => partition.PartitionIndex));
        Assert.Single(response.Topics[0].Partitions[0].ActiveProducers);
    }

    [Fact]
    public async Task WriteTxnMarkers_OfAHangingTransaction_EndsIt()
    {
        RawProducer a = await NewAsync("a", second: true);
        await a.ProduceAsync(1);
        DescribeProducersResponse.ProducerState open = Assert.Single((await DescribeAsync(0)).ActiveProducers);
        WriteTxnMarkersResponse written = await _rig.CallAsync<WriteTxnMarkersResponse>(
            new WriteTxnMarkersRequest
            {
                Markers =
                [
                    new()
                    {
                        ProducerId = open.ProducerId,
                        ProducerEpoch = (short)open.ProducerEpoch,
                        CoordinatorEpoch = Math.Max(open.CoordinatorEpoch, 0),
                        Topics = [new() { Name = "t", PartitionIndexes = [0] }],
                    },
                ],
            },
            1);
        Assert.Equal(ErrorCode.None, written.Markers[0].Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(2, await ListAsync(-1, committed: true));
        Assert.Empty(await ReadAsync(committed: true));
    }

    [Fact]
    public async Task WriteTxnMarkers_ToTheTopicsOfCoordinators_ChangeNothingOfWhatTheyKnow()
    {
        RawProducer a = await NewAsync("a", second: true);
        Assert.Equal((ErrorCode.None, 0), await a.ProduceAsync(1));
        Assert.Equal(ErrorCode.None, await a.CommitOffsetAsync(5));
        foreach (string topic in new[] { "__transaction_state", "__consumer_offsets" })
        {
            for (int partition = 0; partition < 2; partition++)
            {
                WriteTxnMarkersResponse written = await _rig.CallAsync<WriteTxnMarkersResponse>(
                    new WriteTxnMarkersRequest
                    {
                        Markers = [new() { ProducerId = 4711, ProducerEpoch = 9, TransactionResult = true, CoordinatorEpoch = int.MaxValue, Topics = [new() { Name = topic, PartitionIndexes = [partition] }] }],
                    },
                    2);
                Assert.Equal(ErrorCode.None, written.Markers[0].Topics[0].Partitions[0].ErrorCode);
            }
        }

        await _rig.CrashAndRestartAsync();
        await ReadyAsync();
        Assert.Equal(ErrorCode.UnstableOffsetCommit, (await OffsetAsync(requireStable: true)).Error);
        Assert.Equal((ErrorCode.None, 1), await a.ProduceAsync(2));
        Assert.Equal(ErrorCode.None, await a.EndAsync(commit: true));
        await Eventually.TrueAsync(async () => await OffsetAsync(requireStable: true) == (ErrorCode.None, 5), "the offset");
        await StableAsync(3);
        Assert.Equal([1, 2], await ReadAsync(committed: true));
    }

    [Theory]
    [InlineData("__consumer_offsets")]
    [InlineData("__transaction_state")]
    public async Task Produce_TransactionalBatchToAnInternalTopic_IsRefused(string topic)
    {
        RawProducer a = await NewAsync("a", second: true);
        Assert.Equal(ErrorCode.InvalidTopicException, (await a.ProduceAsync(1, topic: topic)).Error);
    }

    private async Task<RawProducer> NewAsync(string id, bool second) => await new RawProducer(_rig, id, second).InitAsync();

    private static async Task BeginAsync(RawProducer producer, bool second, int partition = 0)
    {
        if (!second) Assert.Equal(ErrorCode.None, await producer.AddAsync(partition));
    }

    /// <summary>Both coordinators are there and loaded.</summary>
    private async Task ReadyAsync()
    {
        await Eventually.TrueAsync(
            async () =>
            {
                FindCoordinatorResponse transactions = await _rig.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 1, CoordinatorKeys = ["x"] }, 6);
                FindCoordinatorResponse groups = await _rig.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = ["x"] }, 6);
                return transactions.Coordinators[0].ErrorCode == ErrorCode.None && groups.Coordinators[0].ErrorCode == ErrorCode.None
                    && (await _rig.CallAsync<ListTransactionsResponse>(new ListTransactionsRequest(), 0)).ErrorCode == ErrorCode.None
                    && (await _rig.CallAsync<ListGroupsResponse>(new ListGroupsRequest(), 3)).ErrorCode == ErrorCode.None
                    && (await OffsetAsync()).Error == ErrorCode.None;
            },
            "the coordinators");
    }

    private Task StableAsync(long offset) =>
        Eventually.TrueAsync(async () => await ListAsync(-1, committed: true) == offset, $"the last stable offset to be {offset}");

    private async Task<FetchResponse.PartitionData> FetchAsync(bool committed, long from = 0)
    {
        FetchResponse response = await _rig.CallAsync<FetchResponse>(
            new FetchRequest
            {
                MaxBytes = 1 << 20,
                IsolationLevel = (sbyte)(committed ? 1 : 0),
                Topics = [new() { Topic = "t", Partitions = [new() { Partition = 0, FetchOffset = from, PartitionMaxBytes = 1 << 20 }] }],
            },
            11);
        return response.Responses[0].Partitions[0];
    }

    /// <summary>The values that a consumer gives to its application.</summary>
    private async Task<byte[]> ReadAsync(bool committed)
    {
        var values = new List<byte>();
        var aborted = new HashSet<long>();
        long next = 0;
        for (FetchResponse.PartitionData fetched = await FetchAsync(committed); fetched.Records.Length > 0; fetched = await FetchAsync(committed, next))
        {
            var batches = new RecordBatchEnumerator(fetched.Records.Memory.Span);
            while (batches.MoveNext())
            {
                var header = new RecordBatchHeader(batches.CurrentBytes);
                foreach (FetchResponse.AbortedTransaction one in fetched.AbortedTransactions ?? [])
                {
                    if (one.FirstOffset == batches.Current.BaseOffset) aborted.Add(one.ProducerId);
                }

                next = batches.Current.LastOffset + 1;
                if (header.IsControl) aborted.Remove(header.ProducerId);
                else if (!header.Attributes.IsTransactional || !aborted.Contains(header.ProducerId))
                    values.AddRange(Records.Read(batches.CurrentBytes.ToArray()).Select(record => record.Value[0]));
            }
        }

        return [.. values];
    }

    private async Task<long> ListAsync(long timestamp, bool committed)
    {
        ListOffsetsResponse response = await _rig.CallAsync<ListOffsetsResponse>(
            new ListOffsetsRequest
            {
                ReplicaId = -1,
                IsolationLevel = (sbyte)(committed ? 1 : 0),
                Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, Timestamp = timestamp }] }],
            },
            7);
        Assert.Equal(ErrorCode.None, response.Topics[0].Partitions[0].ErrorCode);
        return response.Topics[0].Partitions[0].Offset;
    }

    private async Task<(ErrorCode Error, long Offset)> OffsetAsync(bool requireStable = false, string group = "g")
    {
        OffsetFetchResponse response = await _rig.CallAsync<OffsetFetchResponse>(
            new OffsetFetchRequest { GroupId = group, RequireStable = requireStable, Topics = [new() { Name = "t", PartitionIndexes = [0] }] }, 7);
        return response.ErrorCode != ErrorCode.None
            ? (response.ErrorCode, -1)
            : (response.Topics[0].Partitions[0].ErrorCode, response.Topics[0].Partitions[0].CommittedOffset);
    }

    private async Task<DescribeProducersResponse.PartitionResponse> DescribeAsync(int partition) => (await _rig.CallAsync<DescribeProducersResponse>(
        new DescribeProducersRequest { Topics = [new() { Name = "t", PartitionIndexes = [partition] }] }, 0)).Topics[0].Partitions[0];

    private async Task<JoinGroupResponse> JoinAsync(string memberId, string instanceId) => await _rig.CallAsync<JoinGroupResponse>(
        new JoinGroupRequest
        {
            GroupId = "g",
            MemberId = memberId,
            GroupInstanceId = instanceId,
            ProtocolType = "consumer",
            SessionTimeoutMs = 30_000,
            RebalanceTimeoutMs = 30_000,
            Protocols = [new() { Name = "range", Metadata = [] }],
        },
        5);
}
