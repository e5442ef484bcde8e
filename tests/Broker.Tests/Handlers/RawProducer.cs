using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>A transactional producer of raw frames, in either transaction protocol, that does only what the test tells it.</summary>
internal sealed class RawProducer(BrokerRig rig, string transactionalId, bool second)
{
    private readonly Dictionary<int, int> _sequences = [];

    public long Id { get; set; }

    public short Epoch { get; set; }

    public string TransactionalId => transactionalId;

    public short ProduceVersion { get; set; } = (short)(second ? 12 : 11);

    public short CommitVersion { get; set; } = (short)(second ? 5 : 4);

    public async Task<RawProducer> InitAsync(int timeoutMs = 60_000)
    {
        for (int i = 0; i < 1_000; i++)
        {
            InitProducerIdResponse response = await rig.CallAsync<InitProducerIdResponse>(
                new InitProducerIdRequest { TransactionalId = transactionalId, TransactionTimeoutMs = timeoutMs }, (short)(second ? 5 : 4));
            if (response.ErrorCode is ErrorCode.ConcurrentTransactions or ErrorCode.CoordinatorLoadInProgress or ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable)
            {
                await rig.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 1, CoordinatorKeys = [transactionalId] }, 6);
                continue;
            }

            Assert.Equal(ErrorCode.None, response.ErrorCode);
            (Id, Epoch) = (response.ProducerId, response.ProducerEpoch);
            _sequences.Clear();
            return this;
        }

        throw new InvalidOperationException("no coordinator");
    }

    /// <summary>AddPartitionsToTxn of the first protocol.</summary>
    public async Task<ErrorCode> AddAsync(params int[] partitions)
    {
        AddPartitionsToTxnResponse response = await RetryAsync(
            () => rig.CallAsync<AddPartitionsToTxnResponse>(
                new AddPartitionsToTxnRequest
                {
                    V3AndBelowTransactionalId = transactionalId,
                    V3AndBelowProducerId = Id,
                    V3AndBelowProducerEpoch = Epoch,
                    V3AndBelowTopics = [new() { Name = "t", Partitions = partitions }],
                },
                3),
            answer => answer.ResultsByTopicV3AndBelow[0].ResultsByPartition[0].PartitionErrorCode);
        return response.ResultsByTopicV3AndBelow[0].ResultsByPartition[0].PartitionErrorCode;
    }

    public async Task<ErrorCode> AddOffsetsAsync(string group = "g") => (await RetryAsync(
        () => rig.CallAsync<AddOffsetsToTxnResponse>(
            new AddOffsetsToTxnRequest { TransactionalId = transactionalId, ProducerId = Id, ProducerEpoch = Epoch, GroupId = group }, 3),
        answer => answer.ErrorCode)).ErrorCode;

    /// <summary>Sends one record, whose value is the byte given.</summary>
    public async Task<(ErrorCode Error, long Offset)> ProduceAsync(byte value, int partition = 0, string topic = "t")
    {
        int sequence = _sequences.GetValueOrDefault(partition);
        (ErrorCode error, long offset) = await ProduceAtAsync(sequence, value, partition, topic);
        if (error == ErrorCode.None) _sequences[partition] = sequence + 1;
        return (error, offset);
    }

    public async Task<(ErrorCode Error, long Offset)> ProduceAtAsync(int sequence, byte value, int partition = 0, string topic = "t")
    {
        using var builder = new RecordBatchBuilder(
            new RecordBatchOptions { ProducerId = Id, ProducerEpoch = Epoch, BaseSequence = sequence, IsTransactional = true });
        builder.Append(Records.Time + value, [1], [value]);
        byte[] batch = builder.ToArray();
        ProduceResponse response = await RetryAsync(
            () => rig.CallAsync<ProduceResponse>(
                new ProduceRequest
                {
                    TransactionalId = transactionalId,
                    Acks = -1,
                    TimeoutMs = 10_000,
                    TopicData = [new() { Name = topic, PartitionData = [new() { Index = partition, Records = new RecordsData(batch) }] }],
                },
                ProduceVersion),
            answer => answer.Responses[0].PartitionResponses[0].ErrorCode);
        ProduceResponse.PartitionProduceResponse result = response.Responses[0].PartitionResponses[0];
        return (result.ErrorCode, result.BaseOffset);
    }

    public async Task<ErrorCode> CommitOffsetAsync(
        long offset, string group = "g", int generation = -1, string memberId = "", string? instanceId = null, string topic = "t", int partition = 0) => (await RetryAsync(
        () => rig.CallAsync<TxnOffsetCommitResponse>(
            new TxnOffsetCommitRequest
            {
                TransactionalId = transactionalId,
                GroupId = group,
                ProducerId = Id,
                ProducerEpoch = Epoch,
                GenerationIdOrMemberEpoch = CommitVersion >= 3 ? generation : -1,
                MemberId = CommitVersion >= 3 ? memberId : "",
                GroupInstanceId = CommitVersion >= 3 ? instanceId : null,
                Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, CommittedOffset = offset, CommittedMetadata = "m" }] }],
            },
            CommitVersion),
        answer => answer.Topics[0].Partitions[0].ErrorCode)).Topics[0].Partitions[0].ErrorCode;

    public async Task<ErrorCode> EndAsync(bool commit)
    {
        EndTxnResponse response = await RetryAsync(
            () => rig.CallAsync<EndTxnResponse>(
                new EndTxnRequest { TransactionalId = transactionalId, ProducerId = Id, ProducerEpoch = Epoch, Committed = commit }, (short)(second ? 5 : 3)),
            answer => answer.ErrorCode);
        if (response.ErrorCode != ErrorCode.None || !second) return response.ErrorCode;
        (Id, Epoch) = (response.ProducerId, response.ProducerEpoch);
        _sequences.Clear();
        return ErrorCode.None;
    }

    /// <summary>Until the last transaction is completed, as clients do.</summary>
    private static async Task<TResponse> RetryAsync<TResponse>(Func<Task<TResponse>> call, Func<TResponse, ErrorCode> errorOf)
    {
        TResponse response = await call();
        for (int i = 0; i < 1_000 && errorOf(response) is ErrorCode.ConcurrentTransactions or ErrorCode.CoordinatorLoadInProgress or ErrorCode.NotEnoughReplicas; i++)
        {
            await Task.Yield();
            response = await call();
        }

        return response;
    }
}
