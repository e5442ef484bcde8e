using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>The coordinator's side of transactions over TCP, with nothing written to the partitions.</summary>
public sealed class TransactionHandlersTests : IAsyncLifetime
{
    private BrokerRig _rig = null!;

    public async Task InitializeAsync()
    {
        _rig = await BrokerRig.StartAsync(("transaction.state.log.num.partitions", "3"), ("offsets.topic.num.partitions", "3"));
        Assert.Equal(ErrorCode.None, (await _rig.CreateAsync("t", 4)).ErrorCode);
        await _rig.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 1, CoordinatorKeys = ["x"] }, 6);
        await LoadedAsync();
    }

    public async Task DisposeAsync() => await _rig.DisposeAsync();

    [Fact]
    public async Task FirstProtocol_EveryVersion_CommitsAndAbortsWithOneEpoch()
    {
        for (short version = 0; version <= 4; version++)
        {
            string id = $"first-{version}";
            InitProducerIdResponse producer = await InitAsync(id, version);
            foreach (bool commit in new[] { true, false, true })
            {
                Assert.Equal([ErrorCode.None, ErrorCode.None], await AddAsync(id, producer.ProducerId, producer.ProducerEpoch, Math.Min(version, (short)3), 0, 1));
                Assert.Equal("Ongoing", (await DescribeAsync(id)).TransactionState);
                AddOffsetsToTxnResponse offsets = await _rig.CallAsync<AddOffsetsToTxnResponse>(
                    new AddOffsetsToTxnRequest { TransactionalId = id, ProducerId = producer.ProducerId, ProducerEpoch = producer.ProducerEpoch, GroupId = "g" }, version);
                Assert.Equal(ErrorCode.None, offsets.ErrorCode);
                Assert.Equal(["__consumer_offsets", "t"], (await DescribeAsync(id)).Topics.Select(topic => topic.Topic).Order());
                Assert.Equal(ErrorCode.None, (await EndAsync(id, producer.ProducerId, producer.ProducerEpoch, commit, version)).ErrorCode);
                await CompleteAsync(id, commit, producer.ProducerEpoch);
            }
        }
    }

    [Fact]
    public async Task SecondProtocol_EachEnd_RaisesTheEpochAndTellsIt()
    {
        InitProducerIdResponse producer = await InitAsync("second", 5);
        (long id, short epoch) = (producer.ProducerId, producer.ProducerEpoch);
        for (int i = 0; i < 4; i++)
        {
            AddPartitionsToTxnResponse added = await _rig.CallAsync<AddPartitionsToTxnResponse>(Batch("second", id, epoch, false, 0, 3), 5);
            Assert.Equal([ErrorCode.None, ErrorCode.None], Errors(added.ResultsByTransaction[0].TopicResults));
            EndTxnResponse ended = await EndAsync("second", id, epoch, i % 2 == 0, 5);
            Assert.Equal((ErrorCode.None, id, (short)(epoch + 1)), (ended.ErrorCode, ended.ProducerId, ended.ProducerEpoch));
            epoch++;
            await CompleteAsync("second", i % 2 == 0, epoch);
            // The answer was lost: the same is asked again.
            ended = await EndAsync("second", id, (short)(epoch - 1), i % 2 == 0, 5);
            Assert.Equal((ErrorCode.None, id, epoch), (ended.ErrorCode, ended.ProducerId, ended.ProducerEpoch));
        }
    }

    [Fact]
    public async Task AddPartitions_VerifyOnly_TellsWhatIsInTheTransaction()
    {
        InitProducerIdResponse producer = await InitAsync("verified", 5);
        await AddAsync("verified", producer.ProducerId, producer.ProducerEpoch, 3, 1);
        AddPartitionsToTxnResponse answer = await _rig.CallAsync<AddPartitionsToTxnResponse>(
            Batch("verified", producer.ProducerId, producer.ProducerEpoch, true, 1, 2), 4);
        Assert.Equal([ErrorCode.None, ErrorCode.TransactionAbortable], Errors(answer.ResultsByTransaction[0].TopicResults));
        int[] members = (await DescribeAsync("verified")).Topics[0].Partitions;
        Assert.Equal([1], members);
    }

    [Fact]
    public async Task AddPartitions_OneThatDoesNotExist_AddsNone()
    {
        InitProducerIdResponse producer = await InitAsync("partial", 4);
        Assert.Equal(
            [ErrorCode.OperationNotAttempted, ErrorCode.UnknownTopicOrPartition], await AddAsync("partial", producer.ProducerId, producer.ProducerEpoch, 3, 0, 4));
        Assert.Equal("Empty", (await DescribeAsync("partial")).TransactionState);
    }

    [Fact]
    public async Task Requests_OfAFencedProducer_AreNamedAsItsVersionKnowsIt()
    {
        InitProducerIdResponse old = await InitAsync("fenced", 4);
        await InitAsync("fenced", 4);
        Assert.Equal([ErrorCode.InvalidProducerEpoch], await AddAsync("fenced", old.ProducerId, old.ProducerEpoch, 1, 0));
        Assert.Equal([ErrorCode.ProducerFenced], await AddAsync("fenced", old.ProducerId, old.ProducerEpoch, 2, 0));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, (await EndAsync("fenced", old.ProducerId, old.ProducerEpoch, true, 1)).ErrorCode);
        Assert.Equal(ErrorCode.ProducerFenced, (await EndAsync("fenced", old.ProducerId, old.ProducerEpoch, true, 2)).ErrorCode);
        InitProducerIdRequest again = new() { TransactionalId = "fenced", TransactionTimeoutMs = 1000, ProducerId = old.ProducerId, ProducerEpoch = old.ProducerEpoch };
        Assert.Equal(ErrorCode.InvalidProducerEpoch, (await _rig.CallAsync<InitProducerIdResponse>(again, 3)).ErrorCode);
        Assert.Equal(ErrorCode.ProducerFenced, (await _rig.CallAsync<InitProducerIdResponse>(again, 4)).ErrorCode);
    }

    [Fact]
    public async Task InitProducerId_WhileItsPredecessorHasATransaction_AbortsItAndIsAnsweredThen()
    {
        InitProducerIdResponse old = await InitAsync("heir", 4);
        await AddAsync("heir", old.ProducerId, old.ProducerEpoch, 3, 0);
        InitProducerIdResponse first = await TryInitAsync("heir", 4);
        Assert.Equal(ErrorCode.ConcurrentTransactions, first.ErrorCode);
        InitProducerIdResponse heir = await InitAsync("heir", 4);
        Assert.Equal((old.ProducerId, true), (heir.ProducerId, heir.ProducerEpoch > old.ProducerEpoch));
        Assert.Equal(ErrorCode.ProducerFenced, (await EndAsync("heir", old.ProducerId, old.ProducerEpoch, true, 4)).ErrorCode);
    }

    [Theory]
    [InlineData("", 1_000, ErrorCode.InvalidRequest)]
    [InlineData("x", 0, ErrorCode.InvalidTransactionTimeout)]
    [InlineData("x", 900_001, ErrorCode.InvalidTransactionTimeout)]
    public async Task InitProducerId_WhatCannotBe_IsRefused(string id, int timeout, ErrorCode error) => Assert.Equal(
        error, (await _rig.CallAsync<InitProducerIdResponse>(new InitProducerIdRequest { TransactionalId = id, TransactionTimeoutMs = timeout }, 4)).ErrorCode);

    [Fact]
    public async Task Transactions_AfterACrash_GoOnWhereTheyWere()
    {
        InitProducerIdResponse open = await InitAsync("open", 4);
        InitProducerIdResponse done = await InitAsync("done", 5);
        await AddAsync("open", open.ProducerId, open.ProducerEpoch, 3, 2);
        await AddAsync("done", done.ProducerId, done.ProducerEpoch, 3, 1);
        EndTxnResponse ended = await EndAsync("done", done.ProducerId, done.ProducerEpoch, true, 5);
        await CompleteAsync("done", true, ended.ProducerEpoch);
        await _rig.CrashAndRestartAsync();
        await LoadedAsync();
        Assert.Equal(("Ongoing", 2), ((await DescribeAsync("open")).TransactionState, (await DescribeAsync("open")).Topics[0].Partitions[0]));
        Assert.Equal(ErrorCode.None, (await EndAsync("done", done.ProducerId, done.ProducerEpoch, true, 5)).ErrorCode);
        Assert.Equal(ErrorCode.InvalidTxnState, (await EndAsync("done", done.ProducerId, done.ProducerEpoch, false, 5)).ErrorCode);
        Assert.Equal(ErrorCode.None, (await EndAsync("open", open.ProducerId, open.ProducerEpoch, false, 4)).ErrorCode);
        await CompleteAsync("open", false, open.ProducerEpoch);
        InitProducerIdResponse fresh = await InitAsync("fresh", 4);
        Assert.DoesNotContain(fresh.ProducerId, new[] { open.ProducerId, done.ProducerId });
    }

    [Fact]
    public async Task ListTransactions_Filters_LeaveOutWhatDoesNotPass()
    {
        InitProducerIdResponse one = await InitAsync("list-one", 4);
        InitProducerIdResponse two = await InitAsync("list-two", 4);
        await AddAsync("list-two", two.ProducerId, two.ProducerEpoch, 3, 0);
        Assert.Equal(["list-one", "list-two"], await ListAsync(new ListTransactionsRequest(), 0));
        Assert.Equal(["list-two"], await ListAsync(new ListTransactionsRequest { StateFilters = ["Ongoing", "CompleteCommit"] }, 0));
        Assert.Equal(["list-one"], await ListAsync(new ListTransactionsRequest { ProducerIdFilters = [one.ProducerId] }, 1));
        Assert.Empty(await ListAsync(new ListTransactionsRequest { StateFilters = ["Ongoing"], DurationFilter = 3_600_000 }, 1));
        Assert.Equal(["list-one"], await ListAsync(new ListTransactionsRequest { TransactionalIdPattern = "list-o.*" }, 2));
        Assert.Empty(await ListAsync(new ListTransactionsRequest { TransactionalIdPattern = "list" }, 2));
        ListTransactionsResponse strange = await _rig.CallAsync<ListTransactionsResponse>(new ListTransactionsRequest { StateFilters = ["Sleeping", "1"] }, 0);
        Assert.Equal((ErrorCode.None, 0), (strange.ErrorCode, strange.TransactionStates.Length));
        Assert.Equal(["Sleeping", "1"], strange.UnknownStateFilters);
        foreach (string pattern in new[] { "(", @"(a)\1", "list-one)|(?:list", new string('a', 2_000) })
        {
            Assert.Equal(
                ErrorCode.InvalidRegularExpression,
                (await _rig.CallAsync<ListTransactionsResponse>(new ListTransactionsRequest { TransactionalIdPattern = pattern }, 2)).ErrorCode);
        }
    }

    [Fact]
    public async Task DescribeTransactions_UnknownAndEmptyIds_AreNamed()
    {
        Assert.Equal(ErrorCode.TransactionalIdNotFound, (await DescribeAsync("nobody")).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, (await DescribeAsync("")).ErrorCode);
    }

    [Fact]
    public async Task DescribeTransactions_IdNamedAgainAndAgain_IsToldOnce()
    {
        await InitAsync("once", 4);
        DescribeTransactionsResponse response = await _rig.CallAsync<DescribeTransactionsResponse>(
            new DescribeTransactionsRequest { TransactionalIds = ["once", "nobody", "once", "nobody"] }, 0);
        Assert.Equal(["once", "nobody"], response.TransactionStates.Select(state => state.TransactionalId));
    }

    [Fact]
    public async Task AddPartitions_PartitionNamedAgainAndAgain_IsAnsweredOnce()
    {
        InitProducerIdResponse producer = await InitAsync("repeated", 4);
        Assert.Equal([ErrorCode.None, ErrorCode.None], await AddAsync("repeated", producer.ProducerId, producer.ProducerEpoch, 3, 0, 1, 0, 0));
        AddPartitionsToTxnResponse verified = await _rig.CallAsync<AddPartitionsToTxnResponse>(
            Batch("repeated", producer.ProducerId, producer.ProducerEpoch, true, 1, 2, 2, 1), 4);
        Assert.Equal([ErrorCode.None, ErrorCode.TransactionAbortable], Errors(verified.ResultsByTransaction[0].TopicResults));
    }

    [Fact]
    public async Task AddPartitions_MoreThanATransactionMayHave_AreRefusedUnread()
    {
        InitProducerIdResponse producer = await InitAsync("huge", 4);
        int[] partitions = new int[2 * TransactionShard.MaxPartitions];
        ErrorCode[] errors = await AddAsync("huge", producer.ProducerId, producer.ProducerEpoch, 3, partitions);
        Assert.Equal([ErrorCode.PolicyViolation], errors);
        foreach (bool verifyOnly in new[] { false, true })
        {
            AddPartitionsToTxnResponse batch = await _rig.CallAsync<AddPartitionsToTxnResponse>(
                Batch("huge", producer.ProducerId, producer.ProducerEpoch, verifyOnly, partitions), 4);
            Assert.Equal((ErrorCode.PolicyViolation, 0), (batch.ErrorCode, batch.ResultsByTransaction.Length));
        }

        Assert.Equal("Empty", (await DescribeAsync("huge")).TransactionState);
    }

    [Fact]
    public async Task EndTxn_OfManyPartitions_MarksThemAll()
    {
        Assert.Equal(ErrorCode.None, (await _rig.CreateAsync("wide", 200)).ErrorCode);
        InitProducerIdResponse producer = await InitAsync("wide", 4);
        AddPartitionsToTxnRequest request = Batch("wide", producer.ProducerId, producer.ProducerEpoch, false, [.. Enumerable.Range(0, 200)]);
        request.Transactions[0].Topics[0].Name = "wide";
        Assert.All(
            Errors((await _rig.CallAsync<AddPartitionsToTxnResponse>(request, 4)).ResultsByTransaction[0].TopicResults), error => Assert.Equal(ErrorCode.None, error));
        Assert.Equal(ErrorCode.None, (await EndAsync("wide", producer.ProducerId, producer.ProducerEpoch, true, 4)).ErrorCode);
        await CompleteAsync("wide", true, producer.ProducerEpoch);
        ListOffsetsResponse ends = await _rig.CallAsync<ListOffsetsResponse>(
            new ListOffsetsRequest
            {
                ReplicaId = -1,
                Topics = [new() { Name = "wide", Partitions = [.. Enumerable.Range(0, 200).Select(index => new ListOffsetsRequest.ListOffsetsPartition { PartitionIndex = index, Timestamp = -1 })] }],
            },
            5);
        Assert.All(ends.Topics[0].Partitions, partition => Assert.Equal(1, partition.Offset));
    }

    private Task LoadedAsync() => Eventually.TrueAsync(
        async () => (await _rig.CallAsync<ListTransactionsResponse>(new ListTransactionsRequest(), 0)).ErrorCode == ErrorCode.None, "the load");

    private static AddPartitionsToTxnRequest Batch(string id, long producerId, short epoch, bool verifyOnly, params int[] partitions) => new()
    {
        Transactions =
        [
            new() { TransactionalId = id, ProducerId = producerId, ProducerEpoch = epoch, VerifyOnly = verifyOnly, Topics = [new() { Name = "t", Partitions = partitions }] },
        ],
    };

    private static ErrorCode[] Errors(AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult[] topics) =>
        [.. topics.SelectMany(topic => topic.ResultsByPartition).Select(partition => partition.PartitionErrorCode)];

    private Task<InitProducerIdResponse> TryInitAsync(string id, short version) =>
        _rig.CallAsync<InitProducerIdResponse>(new InitProducerIdRequest { TransactionalId = id, TransactionTimeoutMs = 60_000 }, version);

    private async Task<InitProducerIdResponse> InitAsync(string id, short version)
    {
        InitProducerIdResponse response = await TryInitAsync(id, version);
        for (int i = 0; i < 1_000 && response.ErrorCode is ErrorCode.ConcurrentTransactions or ErrorCode.CoordinatorLoadInProgress; i++)
            response = await TryInitAsync(id, version);
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        return response;
    }

    private async Task<ErrorCode[]> AddAsync(string id, long producerId, short epoch, short version, params int[] partitions)
    {
        AddPartitionsToTxnResponse response = await _rig.CallAsync<AddPartitionsToTxnResponse>(
            new AddPartitionsToTxnRequest
            {
                V3AndBelowTransactionalId = id,
                V3AndBelowProducerId = producerId,
                V3AndBelowProducerEpoch = epoch,
                V3AndBelowTopics = [new() { Name = "t", Partitions = partitions }],
            },
            version);
        return Errors(response.ResultsByTopicV3AndBelow);
    }

    private Task<EndTxnResponse> EndAsync(string id, long producerId, short epoch, bool commit, short version) => _rig.CallAsync<EndTxnResponse>(
        new EndTxnRequest { TransactionalId = id, ProducerId = producerId, ProducerEpoch = epoch, Committed = commit }, version);

    private async Task<DescribeTransactionsResponse.TransactionStateData> DescribeAsync(string id) =>
        (await _rig.CallAsync<DescribeTransactionsResponse>(new DescribeTransactionsRequest { TransactionalIds = [id] }, 0)).TransactionStates[0];

    private async Task CompleteAsync(string id, bool commit, short epoch)
    {
        string state = commit ? "CompleteCommit" : "CompleteAbort";
        await Eventually.TrueAsync(async () => (await DescribeAsync(id)).TransactionState == state, $"{id} to be {state}");
        Assert.Equal(epoch, (await DescribeAsync(id)).ProducerEpoch);
    }

    private async Task<string[]> ListAsync(ListTransactionsRequest request, short version)
    {
        ListTransactionsResponse response = await _rig.CallAsync<ListTransactionsResponse>(request, version);
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        return [.. response.TransactionStates.Select(one => one.TransactionalId).Order()];
    }
}
