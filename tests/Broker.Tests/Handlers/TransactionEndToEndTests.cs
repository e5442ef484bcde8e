using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>Whole transactions over TCP: what read_committed consumers see of them, in both protocols and through crashes of the broker.</summary>
public sealed class TransactionEndToEndTests : IAsyncLifetime
{
    private const string Id = "tx";
    private const short FirstProduce = 11;
    private const short SecondProduce = 12;

    private BrokerRig _rig = null!;

    public async Task InitializeAsync()
    {
        _rig = await BrokerRig.StartAsync(
            ("transaction.state.log.num.partitions", "2"), ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "50"));
        Assert.Equal(ErrorCode.None, (await _rig.CreateAsync("t", 2)).ErrorCode);
        await _rig.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 1, CoordinatorKeys = [Id] }, 6);
    }

    public async Task DisposeAsync() => await _rig.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Transactions_OneAfterAnother_AreSeenWhenTheyAreCommitted(bool second)
    {
        ProducerIdentity producer = await InitAsync();
        var committed = new List<byte>();
        int sequence = 0;
        for (byte i = 0; i < 12; i++)
        {
            bool commit = i % 3 != 1;
            if (!second) await AddAsync(producer, 0, 1);
            for (int partition = 0; partition < 2; partition++)
                Assert.Equal(ErrorCode.None, await ProduceAsync(producer, partition, second ? 0 : sequence, i, second ? SecondProduce : FirstProduce));
            sequence++;
            Assert.Equal(committed, await CommittedAsync(0));
            producer = await EndAsync(producer, commit, second);
            if (commit) committed.Add(i);
            for (int partition = 0; partition < 2; partition++)
            {
                List<byte> seen = [];
                int at = partition;
                await Eventually.TrueAsync(async () => (seen = await CommittedAsync(at)).SequenceEqual(committed) && await IsStableAsync(at), "the marker");
                Assert.Equal(committed, seen);
            }
        }

        Assert.Equal(second ? 12 : 0, producer.Epoch);
        Assert.Empty(_rig.Errors.Lines);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public async Task Transaction_BrokerDiesBeforeItsEnd_GoesOn(bool second, bool commit)
    {
        ProducerIdentity producer = await InitAsync();
        if (!second) await AddAsync(producer, 0);
        Assert.Equal(ErrorCode.None, await ProduceAsync(producer, 0, 0, 1, second ? SecondProduce : FirstProduce));
        await _rig.CrashAndRestartAsync();
        Assert.Equal(ErrorCode.None, await ProduceAsync(producer, 0, 1, 2, second ? SecondProduce : FirstProduce));
        Assert.Empty(await CommittedAsync(0));
        ProducerIdentity after = await EndAsync(producer, commit, second);
        await _rig.CrashAndRestartAsync();
        await Eventually.TrueAsync(() => IsStableAsync(0), "the marker");
        Assert.Equal(commit ? [1, 2] : Array.Empty<byte>(), (await CommittedAsync(0)).ToArray());
        // The answer was lost: the same is asked again, of a coordinator that has only its log.
        Assert.Equal(after, await EndAsync(producer, commit, second));
    }

    [Fact]
    public async Task Transaction_ProducerIsGone_IsAbortedAfterItsTimeout()
    {
        ProducerIdentity producer = await InitAsync(timeoutMs: 300);
        Assert.Equal(ErrorCode.None, await ProduceAsync(producer, 1, 0, 7, SecondProduce));
        await Eventually.TrueAsync(() => IsStableAsync(1), "the abort");
        Assert.Empty(await CommittedAsync(1));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, await ProduceAsync(producer, 1, 1, 8, SecondProduce));
        Assert.Equal(ErrorCode.ProducerFenced, (await TryEndAsync(producer with { Epoch = -1 }, true, true)).ErrorCode);
        Assert.Equal(ErrorCode.InvalidTxnState, (await TryEndAsync(producer, true, true)).ErrorCode);
        Assert.Empty(await CommittedAsync(1));
    }

    [Fact]
    public async Task Produce_PartitionThatWasNotAdded_IsRefusedInTheFirstProtocol()
    {
        ProducerIdentity producer = await InitAsync();
        await AddAsync(producer, 0);
        Assert.Equal(ErrorCode.TransactionAbortable, await ProduceAsync(producer, 1, 0, 7, FirstProduce));
        Assert.True(await IsStableAsync(1));
    }

    [Fact]
    public async Task Produce_OfAProducerThatIsReplaced_IsFenced()
    {
        ProducerIdentity old = await InitAsync();
        Assert.Equal(ErrorCode.None, await ProduceAsync(old, 0, 0, 1, SecondProduce));
        ProducerIdentity heir = await InitAsync();
        Assert.Equal(ErrorCode.InvalidProducerEpoch, await ProduceAsync(old, 0, 1, 2, SecondProduce));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, await ProduceAsync(old, 1, 0, 2, SecondProduce));
        Assert.Equal(ErrorCode.None, await ProduceAsync(heir, 0, 0, 3, SecondProduce));
        await EndAsync(heir, true, true);
        await Eventually.TrueAsync(() => IsStableAsync(0), "the marker");
        Assert.Equal([3], (await CommittedAsync(0)).ToArray());
    }

    private async Task<ProducerIdentity> InitAsync(int timeoutMs = 60_000)
    {
        InitProducerIdResponse response = new();
        await Eventually.TrueAsync(
            async () =>
            {
                response = await _rig.CallAsync<InitProducerIdResponse>(new InitProducerIdRequest { TransactionalId = Id, TransactionTimeoutMs = timeoutMs }, 5);
                return response.ErrorCode is not (ErrorCode.ConcurrentTransactions or ErrorCode.CoordinatorLoadInProgress);
            },
            "the producer");
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        return new ProducerIdentity(response.ProducerId, response.ProducerEpoch);
    }

    private async Task AddAsync(ProducerIdentity producer, params int[] partitions)
    {
        ErrorCode error = ErrorCode.None;
        await Eventually.TrueAsync(
            async () =>
            {
                AddPartitionsToTxnResponse response = await _rig.CallAsync<AddPartitionsToTxnResponse>(
                    new AddPartitionsToTxnRequest
                    {
                        V3AndBelowTransactionalId = Id,
                        V3AndBelowProducerId = producer.Id,
                        V3AndBelowProducerEpoch = producer.Epoch,
                        V3AndBelowTopics = [new() { Name = "t", Partitions = partitions }],
                    },
                    3);
                error = response.ResultsByTopicV3AndBelow[0].ResultsByPartition[0].PartitionErrorCode;
                return error != ErrorCode.ConcurrentTransactions;
            },
            "the end before");
        Assert.Equal(ErrorCode.None, error);
    }

    private async Task<ErrorCode> ProduceAsync(ProducerIdentity producer, int partition, int sequence, byte value, short version)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions
        {
            ProducerId = producer.Id,
            ProducerEpoch = producer.Epoch,
            BaseSequence = sequence,
            IsTransactional = true,
        });
        // As young as the markers: a segment would end between them, and a fetch with it.
        builder.Append(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), null, [value]);
        var request = new ProduceRequest
        {
            TransactionalId = Id,
            Acks = -1,
            TimeoutMs = 10_000,
            TopicData = [new() { Name = "t", PartitionData = [new() { Index = partition, Records = new RecordsData(builder.ToArray()) }] }],
        };
        ErrorCode error = ErrorCode.None;
        await Eventually.TrueAsync(
            async () =>
            {
                error = (await _rig.CallAsync<ProduceResponse>(request, version)).Responses[0].PartitionResponses[0].ErrorCode;
                return error is not (ErrorCode.ConcurrentTransactions or ErrorCode.NotEnoughReplicas);
            },
            "the write");
        return error;
    }

    private Task<EndTxnResponse> TryEndAsync(ProducerIdentity producer, bool commit, bool second) => _rig.CallAsync<EndTxnResponse>(
        new EndTxnRequest { TransactionalId = Id, ProducerId = producer.Id, ProducerEpoch = producer.Epoch, Committed = commit }, (short)(second ? 5 : 4));

    private async Task<ProducerIdentity> EndAsync(ProducerIdentity producer, bool commit, bool second)
    {
        EndTxnResponse response = new();
        await Eventually.TrueAsync(
            async () => (response = await TryEndAsync(producer, commit, second)).ErrorCode is not (ErrorCode.ConcurrentTransactions or ErrorCode.CoordinatorLoadInProgress),
            "the end");
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        return second ? new ProducerIdentity(response.ProducerId, response.ProducerEpoch) : producer;
    }

    private async Task<FetchResponse.PartitionData> FetchAsync(int partition)
    {
        FetchResponse response = await _rig.CallAsync<FetchResponse>(
            new FetchRequest
            {
                MaxBytes = 1_000_000,
                IsolationLevel = 1,
                Topics = [new() { Topic = "t", Partitions = [new() { Partition = partition, PartitionMaxBytes = 1_000_000 }] }],
            },
            11);
        return response.Responses[0].Partitions[0];
    }

    private async Task<bool> IsStableAsync(int partition)
    {
        FetchResponse.PartitionData data = await FetchAsync(partition);
        return data.LastStableOffset == data.HighWatermark;
    }

    /// <summary>The values as a read_committed consumer sees them.</summary>
    private async Task<List<byte>> CommittedAsync(int partition)
    {
        FetchResponse.PartitionData data = await FetchAsync(partition);
        var aborted = new Queue<FetchResponse.AbortedTransaction>((data.AbortedTransactions ?? []).OrderBy(one => one.FirstOffset));
        var open = new HashSet<long>();
        var values = new List<byte>();
        ReadOnlyMemory<byte> records = data.Records.Memory;
        foreach ((long pid, bool isControl, long first, long last) in Headers(records))
        {
            while (aborted.TryPeek(out FetchResponse.AbortedTransaction? next) && next.FirstOffset <= last) open.Add(aborted.Dequeue().ProducerId);
            if (isControl) open.Remove(pid);
            else if (!open.Contains(pid)) values.AddRange(Records.Read(records).Where(record => record.Offset >= first && record.Offset <= last).Select(record => record.Value[0]));
        }

        return values;
    }

    private static List<(long ProducerId, bool IsControl, long First, long Last)> Headers(ReadOnlyMemory<byte> records)
    {
        var found = new List<(long, bool, long, long)>();
        var batches = new RecordBatchEnumerator(records.Span);
        while (batches.MoveNext())
        {
            found.Add((
                new RecordBatchHeader(batches.CurrentBytes).ProducerId,
                batches.Current.Attributes.IsControl,
                batches.Current.BaseOffset,
                batches.Current.LastOffset));
        }

        return found;
    }
}
