using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// AddPartitionsToTxn (key 24): a producer is about to write to partitions in its transaction; from version 4 on, a broker asks whether
/// partitions are in transactions of its producers, or has them added (KIP-890).
/// </summary>
/// <remarks>
/// Versions 0-5. v1: throttle time after the answer is sent. v2: PRODUCER_FENCED instead of INVALID_PRODUCER_EPOCH (KIP-588). v3:
/// flexible. v4: many transactions, verification, from brokers. v5: transactions version 2. All partitions of a transaction are added or
/// none: where one does not exist, the others are OPERATION_NOT_ATTEMPTED. A request of more than
/// <see cref="TransactionShard.MaxPartitions"/> partitions or transactions is POLICY_VIOLATION; it reaches no transaction.
/// </remarks>
public sealed class AddPartitionsToTxnHandler : ApiHandler<AddPartitionsToTxnRequest>
{
    private const short KnowsFencedFrom = 2;
    private const short ManyTransactionsFrom = 4;
    private const short SecondProtocolFrom = 5;

    private readonly TransactionCoordinator _transactions;
    private readonly MetadataFeed _metadata;

    /// <param name="transactions">The transactional ids here.</param>
    /// <param name="metadata">The cluster.</param>
    public AddPartitionsToTxnHandler(TransactionCoordinator transactions, MetadataFeed metadata)
        : base(ApiKey.AddPartitionsToTxn, AddPartitionsToTxnRequest.LowestVersion, ApiKeys.Get(ApiKey.AddPartitionsToTxn).HighestStableVersion)
    {
        _transactions = transactions;
        _metadata = metadata;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, AddPartitionsToTxnRequest request) =>
        new(PendingResponse.From(context.ApiVersion >= ManyTransactionsFrom ? AnswerManyAsync(request, context.ApiVersion) : AnswerAsync(request, context.ApiVersion)));

    private async ValueTask<IApiMessage> AnswerAsync(AddPartitionsToTxnRequest request, short version)
    {
        var transaction = new AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction
        {
            TransactionalId = request.V3AndBelowTransactionalId,
            ProducerId = request.V3AndBelowProducerId,
            ProducerEpoch = request.V3AndBelowProducerEpoch,
            Topics = request.V3AndBelowTopics,
        };
        return new AddPartitionsToTxnResponse
        {
            ResultsByTopicV3AndBelow = Count(transaction) > TransactionShard.MaxPartitions
                ? Results(NamedPartitions.Of(Named(transaction), TransactionShard.MaxPartitions), () => ErrorCode.PolicyViolation)
                : await ResultsAsync(transaction, version).ConfigureAwait(false),
        };
    }

    private async ValueTask<IApiMessage> AnswerManyAsync(AddPartitionsToTxnRequest request, short version)
    {
        if (request.Transactions.Length > TransactionShard.MaxPartitions || request.Transactions.Sum(Count) > TransactionShard.MaxPartitions)
            return new AddPartitionsToTxnResponse { ErrorCode = ErrorCode.PolicyViolation };
        return new AddPartitionsToTxnResponse
        {
            ResultsByTransaction = await Task.WhenAll(request.Transactions.Select(async transaction => new AddPartitionsToTxnResponse.AddPartitionsToTxnResult
            {
                TransactionalId = transaction.TransactionalId,
                TopicResults = await ResultsAsync(transaction, version).ConfigureAwait(false),
            })).ConfigureAwait(false),
        };
    }

    private async Task<AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult[]> ResultsAsync(
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction, short version)
    {
        NamedPartitions[] topics = NamedPartitions.Of(Named(transaction));
        TopicPartition[] partitions = [.. topics.SelectMany(topic => Partitions(topic))];
        ErrorCode[] errors = await ErrorsAsync(transaction, partitions, version).ConfigureAwait(false);
        int next = 0;
        return Results(topics, () => ProducerErrors.For(errors[next++], version, KnowsFencedFrom));
    }

    // With the name that the cluster's metadata holds: the request's would be kept as long as the transaction is open, once for each.
    private IEnumerable<TopicPartition> Partitions(NamedPartitions named)
    {
        string name = _metadata.Current.TryGetTopic(named.Topic, out TopicImage? topic) ? topic.Name : named.Topic;
        return named.Indexes.Select(partition => new TopicPartition(name, partition));
    }

    private static long Count(AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction) => transaction.Topics.Sum(topic => (long)topic.Partitions.Length);

    private static IEnumerable<(string Topic, int[] Indexes)> Named(AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction) =>
        transaction.Topics.Select(topic => (topic.Name, topic.Partitions));

    private static AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult[] Results(NamedPartitions[] topics, Func<ErrorCode> nextError) =>
    [
        .. topics.Select(topic => new AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult
        {
            Name = topic.Topic,
            ResultsByPartition =
            [
                .. topic.Indexes.Select(partition => new AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult
                {
                    PartitionIndex = partition,
                    PartitionErrorCode = nextError(),
                }),
            ],
        }),
    ];

    private async Task<ErrorCode[]> ErrorsAsync(
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction, TopicPartition[] partitions, short version)
    {
        if (!Array.TrueForAll(partitions, Exists))
            return Array.ConvertAll(partitions, partition => Exists(partition) ? ErrorCode.OperationNotAttempted : ErrorCode.UnknownTopicOrPartition);
        var producer = new ProducerIdentity(transaction.ProducerId, transaction.ProducerEpoch);
        if (transaction.VerifyOnly) return await _transactions.CheckPartitionsAsync(transaction.TransactionalId, producer, partitions).ConfigureAwait(false);
        ErrorCode error = await _transactions.AddPartitionsAsync(
            transaction.TransactionalId, producer, partitions, version >= SecondProtocolFrom ? TransactionProtocol.Second : TransactionProtocol.First).ConfigureAwait(false);
        return Array.ConvertAll(partitions, _ => error);
    }

    private bool Exists(TopicPartition partition) =>
        _metadata.Current.TryGetTopic(partition.Topic, out TopicImage? topic) && (uint)partition.Partition < (uint)topic.Partitions.Length;
}
