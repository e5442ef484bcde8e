using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// DescribeTransactions (key 65): the state, the producer and the partitions of transactional ids (KIP-664).
/// </summary>
/// <remarks>Version 0, which is flexible.</remarks>
public sealed class DescribeTransactionsHandler : ApiHandler<DescribeTransactionsRequest>
{
    private readonly TransactionCoordinator _transactions;

    /// <param name="transactions">The transactional ids here.</param>
    public DescribeTransactionsHandler(TransactionCoordinator transactions)
        : base(ApiKey.DescribeTransactions, DescribeTransactionsRequest.LowestVersion, DescribeTransactionsRequest.HighestVersion)
    {
        _transactions = transactions;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, DescribeTransactionsRequest request) =>
        new(PendingResponse.From(AnswerAsync(request)));

    private async ValueTask<IApiMessage> AnswerAsync(DescribeTransactionsRequest request)
    {
        // An id is told once: a short request that names a large transaction again and again would get an answer of any size.
        IEnumerable<string> ids = request.TransactionalIds.Distinct(StringComparer.Ordinal);
        return new DescribeTransactionsResponse { TransactionStates = await Task.WhenAll(ids.Select(DescribeAsync)).ConfigureAwait(false) };
    }

    private async Task<DescribeTransactionsResponse.TransactionStateData> DescribeAsync(string transactionalId)
    {
        (ErrorCode error, TransactionMetadata? transaction) = await _transactions.DescribeAsync(transactionalId).ConfigureAwait(false);
        if (transaction is null) return new DescribeTransactionsResponse.TransactionStateData { TransactionalId = transactionalId, ErrorCode = error };
        return new DescribeTransactionsResponse.TransactionStateData
        {
            TransactionalId = transactionalId,
            TransactionState = transaction.State.ToString(),
            TransactionTimeoutMs = transaction.TimeoutMs,
            TransactionStartTimeMs = transaction.StartTimestampMs,
            ProducerId = transaction.Producer.Id,
            ProducerEpoch = transaction.Producer.Epoch,
            Topics =
            [
                .. transaction.Partitions.GroupBy(partition => partition.Topic, StringComparer.Ordinal).Select(topic => new DescribeTransactionsResponse.TopicData
                {
                    Topic = topic.Key,
                    Partitions = [.. topic.Select(partition => partition.Partition).Order()],
                }),
            ],
        };
    }
}
