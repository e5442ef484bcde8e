using KBroker.Broker.Configuration;
using KBroker.Broker.Connections;
using KBroker.Broker.Handlers;
using KBroker.Broker.Partitions;
using KBroker.Broker.Producing;
using KBroker.Broker.Tests.Partitions;
using KBroker.LogEngine.Producers;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Producing;

/// <summary>Transactional batches and the coordinator that is asked before the first of them (KIP-890).</summary>
public sealed class TransactionalProduceTests : IDisposable
{
    private const short FirstProtocol = 10;
    private const short KnowsAbortable = 11;
    private const short SecondProtocol = 12;

    private readonly PartitionRig _rig = new();
    private readonly FakeTransactions _coordinator = new();
    private readonly ManualTimeProvider _time = new();
    private readonly CompressionCodecs _codecs = new();
    private readonly Recompressor _recompressor = new();
    private readonly ProduceHandler _handler;
    private TransactionSettings _settings = BrokerConfig.FromSettings().Transactions;

    public TransactionalProduceTests()
    {
        var registry = new PartitionRegistry();
        registry.Add([_rig.Partition]);
        _rig.Partition.Apply(PartitionRig.Leader(1, PartitionRig.Self));
        _handler = new ProduceHandler(
            registry,
            new BatchAppender(new RecordBatchValidator(_codecs), _recompressor, TimeProvider.System),
            new TransactionVerification(_coordinator, _time, () => _settings),
            TimeProvider.System);
    }

    public void Dispose()
    {
        _rig.Dispose();
        _codecs.Dispose();
        _recompressor.Dispose();
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(KnowsAbortable, false)]
    [InlineData(SecondProtocol, true)]
    public async Task Produce_TransactionsFirstBatch_AsksTheCoordinatorOnce(short version, bool adds)
    {
        Assert.Equal((ErrorCode.None, 0), await ProduceAsync(7, 3, 0, version));
        Assert.Equal((ErrorCode.None, 1), await ProduceAsync(7, 3, 1, version));
        (string id, long producer, short epoch, var partitions, bool add) = Assert.Single(_coordinator.Asked);
        Assert.Equal(("mine", 7L, (short)3, adds), (id, producer, epoch, add));
        Assert.Equal([_rig.Partition.TopicPartition], partitions);
        Assert.Equal(0, _rig.Partition.LastStableOffset);
    }

    [Fact]
    public async Task Produce_NextTransaction_AsksAgain()
    {
        await ProduceAsync(7, 3, 0);
        End(7, 3);
        Assert.Equal((ErrorCode.None, 2), await ProduceAsync(7, 3, 1));
        Assert.Equal(2, _coordinator.Asked.Count);
    }

    [Fact]
    public async Task Produce_RepetitionAfterItsTransaction_IsAnsweredWithItsOffset()
    {
        await ProduceAsync(7, 3, 0);
        End(7, 3);
        _coordinator.Answers[0] = ErrorCode.InvalidTxnState;
        Assert.Equal((ErrorCode.None, 0), await ProduceAsync(7, 3, 0));
    }

    [Theory]
    [InlineData(FirstProtocol, ErrorCode.InvalidTxnState, ErrorCode.InvalidTxnState)]
    [InlineData(FirstProtocol, ErrorCode.TransactionAbortable, ErrorCode.InvalidTxnState)]
    [InlineData(KnowsAbortable, ErrorCode.TransactionAbortable, ErrorCode.TransactionAbortable)]
    [InlineData(SecondProtocol, ErrorCode.TransactionAbortable, ErrorCode.TransactionAbortable)]
    [InlineData(FirstProtocol, ErrorCode.ProducerFenced, ErrorCode.InvalidProducerEpoch)]
    [InlineData(SecondProtocol, ErrorCode.InvalidProducerEpoch, ErrorCode.InvalidProducerEpoch)]
    [InlineData(FirstProtocol, ErrorCode.InvalidProducerIdMapping, ErrorCode.InvalidProducerIdMapping)]
    [InlineData(FirstProtocol, ErrorCode.CoordinatorNotAvailable, ErrorCode.NotEnoughReplicas)]
    [InlineData(FirstProtocol, ErrorCode.CoordinatorLoadInProgress, ErrorCode.NotEnoughReplicas)]
    [InlineData(SecondProtocol, ErrorCode.NotCoordinator, ErrorCode.NotEnoughReplicas)]
    [InlineData(FirstProtocol, ErrorCode.ConcurrentTransactions, ErrorCode.NotEnoughReplicas)]
    public async Task Produce_CoordinatorSaysNo_IsToldInTheTermsOfItsVersion(short version, ErrorCode answer, ErrorCode expected)
    {
        _coordinator.Answers[0] = answer;
        Assert.Equal((expected, -1), await ProduceAsync(7, 0, 0, version));
        Assert.Equal(0, _rig.Partition.Log.LogEndOffset);
    }

    [Fact]
    public async Task Produce_LastTransactionIsBeingCompleted_WaitsForAMoment()
    {
        _coordinator.Answers.Clear();
        _coordinator.Answers.AddRange([ErrorCode.ConcurrentTransactions, ErrorCode.ConcurrentTransactions, ErrorCode.None]);
        Task<(ErrorCode, long)> produced = ProduceAsync(7, 1, 0, SecondProtocol);
        Assert.False(produced.IsCompleted);
        await PassTimeAsync(produced);
        Assert.Equal((ErrorCode.None, 0), await produced);
        Assert.Equal(3, _coordinator.Asked.Count);
    }

    [Fact]
    public async Task Produce_LastTransactionIsNotCompleted_ClientIsTold()
    {
        _coordinator.Answers[0] = ErrorCode.ConcurrentTransactions;
        Task<(ErrorCode, long)> produced = ProduceAsync(7, 1, 0, SecondProtocol);
        await PassTimeAsync(produced);
        Assert.Equal((ErrorCode.ConcurrentTransactions, -1), await produced);
        Assert.InRange(_coordinator.Asked.Count, 2, 6);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Produce_MarkerWhileTheCoordinatorIsAsked_LeavesNoTransactionOpen(bool commit)
    {
        _coordinator.Before = () =>
        {
            End(7, 0, commit);
            return Task.CompletedTask;
        };
        Assert.Equal((ErrorCode.InvalidTxnState, -1), await ProduceAsync(7, 0, 0));
        Assert.Equal((1, 1), (_rig.Partition.LastStableOffset, _rig.Partition.Log.LogEndOffset));
    }

    [Fact]
    public async Task Produce_FencedWhileTheCoordinatorIsAsked_IsRefused()
    {
        _coordinator.Before = () =>
        {
            End(7, 1);
            return Task.CompletedTask;
        };
        Assert.Equal((ErrorCode.InvalidProducerEpoch, -1), await ProduceAsync(7, 0, 0));
        Assert.Equal((ErrorCode.InvalidProducerEpoch, -1), await ProduceAsync(7, 0, 0));
        Assert.Single(_coordinator.Asked);
    }

    [Fact]
    public async Task Produce_LeadershipLostWhileTheCoordinatorIsAsked_IsRefused()
    {
        _coordinator.Before = () =>
        {
            _rig.Partition.Apply(PartitionRig.Follower(2));
            return Task.CompletedTask;
        };
        Assert.Equal((ErrorCode.NotLeaderOrFollower, -1), await ProduceAsync(7, 0, 0));
    }

    [Fact]
    public async Task Produce_VerificationIsOff_AsksOnlyForTheSecondProtocol()
    {
        _settings = BrokerConfig.FromSettings(("transaction.partition.verification.enable", "false")).Transactions;
        _coordinator.Answers[0] = ErrorCode.InvalidTxnState;
        Assert.Equal((ErrorCode.None, 0), await ProduceAsync(7, 0, 0));
        Assert.Empty(_coordinator.Asked);
        Assert.Equal((ErrorCode.InvalidTxnState, -1), await ProduceAsync(8, 0, 0, SecondProtocol));
    }

    [Fact]
    public async Task Produce_NoTransactionalId_IsRefused()
    {
        Assert.Equal((ErrorCode.TransactionalIdAuthorizationFailed, -1), await ProduceAsync(7, 0, 0, transactionalId: null));
        Assert.Empty(_coordinator.Asked);
    }

    [Fact]
    public async Task Produce_SecondProtocolNotFromTheStart_IsOutOfOrder() =>
        Assert.Equal((ErrorCode.OutOfOrderSequenceNumber, -1), await ProduceAsync(7, 3, 5, SecondProtocol));

    [Fact]
    public async Task Produce_EpochRose_SequencesBeginAnew()
    {
        await ProduceAsync(7, 0, 0, SecondProtocol);
        End(7, 1, raises: true);
        Assert.Equal((ErrorCode.OutOfOrderSequenceNumber, -1), await ProduceAsync(7, 1, 1, SecondProtocol));
        Assert.Equal((ErrorCode.None, 2), await ProduceAsync(7, 1, 0, SecondProtocol));
    }

    [Fact]
    public async Task Produce_ControlBatch_IsRefused()
    {
        byte[] marker = new EndTransactionMarker(true, 0).ToBatch(7, 0, Handlers.Records.Time);
        Assert.Equal((ErrorCode.InvalidRecord, -1), await SendAsync(Request("mine", marker), FirstProtocol));
        Assert.Equal(0, _rig.Partition.Log.LogEndOffset);
    }

    [Fact]
    public async Task Produce_TwoProducersInOneRequest_AreRefused()
    {
        ProduceRequest request = Request("mine", Batch(7, 0, 0));
        request.TopicData[0].PartitionData = [.. request.TopicData[0].PartitionData, new() { Index = 0, Records = new RecordsData(Batch(8, 0, 0)) }];
        ProduceResponse response = await AnswerAsync(request, FirstProtocol);
        Assert.Equal(
            [ErrorCode.None, ErrorCode.InvalidProducerIdMapping], response.Responses[0].PartitionResponses.Select(answer => answer.ErrorCode));
        Assert.Single(_coordinator.Asked);
    }

    [Fact]
    public async Task Produce_WithoutAcks_ClosesTheConnectionIfItIsRefused()
    {
        Assert.True((await HandleAsync(Request("mine", Batch(7, 0, 0), acks: 0), FirstProtocol)).IsNone);
        Assert.Equal(1, _rig.Partition.Log.LogEndOffset);
        _coordinator.Answers[0] = ErrorCode.InvalidTxnState;
        Assert.True((await HandleAsync(Request("mine", Batch(8, 0, 0), acks: 0), FirstProtocol)).IsClose);
    }

    [Fact]
    public async Task Produce_OpenTransaction_IsAnsweredWithoutWaiting()
    {
        await ProduceAsync(7, 0, 0);
        _coordinator.Before = () => new TaskCompletionSource().Task;
        Task<(ErrorCode, long)> next = ProduceAsync(7, 0, 1);
        Assert.True(next.IsCompletedSuccessfully);
        Assert.Equal((ErrorCode.None, 1), await next);
    }

    [Fact]
    public async Task Produce_OpenTransaction_AllocatesNoMoreThanWithout()
    {
        await ProduceAsync(7, 0, 0);
        long plain = await AllocatedAsync(i => Request(null, Batch(8, 0, i, transactional: false)));
        long transactional = await AllocatedAsync(i => Request("mine", Batch(7, 0, i + 1)));
        Assert.Equal(plain, transactional);
        Assert.Single(_coordinator.Asked);
    }

    /// <summary>The least that one of many requests takes, in bytes, once all is warm.</summary>
    private async Task<long> AllocatedAsync(Func<int, ProduceRequest> request)
    {
        long least = long.MaxValue;
        for (int i = 0; i < 200; i++)
        {
            RequestContext context = Context(request(i), FirstProtocol);
            long before = GC.GetAllocatedBytesForCurrentThread();
            ValueTask<PendingResponse> answer = _handler.HandleAsync(context);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.True(answer.IsCompletedSuccessfully);
            Assert.Equal(ErrorCode.None, ((ProduceResponse)(await answer).Message!).Responses[0].PartitionResponses[0].ErrorCode);
        }

        return least;
    }

    private static byte[] Batch(long producerId, short epoch, int sequence, bool transactional = true)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions
        {
            ProducerId = producerId,
            ProducerEpoch = epoch,
            BaseSequence = sequence,
            IsTransactional = transactional,
        });
        builder.Append(Handlers.Records.Time, [1], new byte[20]);
        return builder.ToArray();
    }

    private static ProduceRequest Request(string? transactionalId, byte[] batch, short acks = -1) => new()
    {
        TransactionalId = transactionalId,
        Acks = acks,
        TimeoutMs = 10_000,
        TopicData = [new() { Name = "t", PartitionData = [new() { Index = 0, Records = new RecordsData(batch) }] }],
    };

    private Task<(ErrorCode, long)> ProduceAsync(
        long producerId, short epoch, int sequence, short version = FirstProtocol, string? transactionalId = "mine") =>
        SendAsync(Request(transactionalId, Batch(producerId, epoch, sequence)), version);

    private async Task<(ErrorCode, long)> SendAsync(ProduceRequest request, short version)
    {
        ProduceResponse.PartitionProduceResponse answer = (await AnswerAsync(request, version)).Responses[0].PartitionResponses[0];
        return (answer.ErrorCode, answer.BaseOffset);
    }

    private async Task<ProduceResponse> AnswerAsync(ProduceRequest request, short version)
    {
        PendingResponse pending = await HandleAsync(request, version);
        return (ProduceResponse)(pending.Message ?? await pending.Task!);
    }

    private ValueTask<PendingResponse> HandleAsync(ProduceRequest request, short version) => _handler.HandleAsync(Context(request, version));

    private static RequestContext Context(ProduceRequest request, short version)
    {
        var body = new byte[request.GetSize(version)];
        var writer = new KafkaWriter(body);
        request.Write(ref writer, version);
        return new RequestContext(ApiKey.Produce, version, 1, "c", body, null!);
    }

    private Task PassTimeAsync(Task until) => Eventually.TrueAsync(
        () =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(20));
            return until.IsCompleted;
        },
        "the request is answered");

    private void End(long producerId, short epoch, bool commit = true, bool raises = false) => Assert.Equal(
        ErrorCode.None,
        _rig.Partition.AppendAsLeader(
            new EndTransactionMarker(commit, 0).ToBatch(producerId, epoch, Handlers.Records.Time),
            allReplicas: true,
            new AppendTerms(AppendOrigin.Coordinator) { MarkerRaisesEpoch = raises }).Error);
}
