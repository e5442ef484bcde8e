using System.Text;
using KBroker.Broker.Connections;
using KBroker.Broker.Partitions;
using KBroker.Broker.Producing;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// Produce (key 0): appends one record batch to each of many partitions.
/// </summary>
/// <remarks>
/// Versions 3-13. v3: record batches of magic 2 and a transactional id (KIP-98). v5: log start offset in the response (KIP-107).
/// v7: zstd (KIP-110). v8: record errors and a message in the response (KIP-467). v9: flexible. v10: the current leader and its
/// address (KIP-951). v11: TRANSACTION_ABORTABLE, v12: the second transaction protocol, in which what is written to becomes a part of the
/// transaction (KIP-890). v13: topic ids (KIP-516). Versions 0-2 are named by ApiVersions,
/// because older clients look for them to learn which compression is known, but not served (KAFKA-18659).
/// </remarks>
public sealed class ProduceHandler : ApiHandler
{
    private readonly PartitionRegistry _partitions;
    private readonly BatchAppender _appender;
    private readonly TransactionVerification _transactions;
    private readonly TimeProvider _time;

    /// <param name="partitions">The replicas here.</param>
    /// <param name="appender">Checks and appends a batch.</param>
    /// <param name="transactions">Asks the coordinator about batches that begin a transaction in their partition.</param>
    /// <param name="time">Gives the deadline of what cannot be acknowledged at once.</param>
    public ProduceHandler(PartitionRegistry partitions, BatchAppender appender, TransactionVerification transactions, TimeProvider time)
        : base(ApiKey.Produce, 3, 13)
    {
        _partitions = partitions;
        _appender = appender;
        _transactions = transactions;
        _time = time;
    }

    /// <inheritdoc/>
    public override short LowestAdvertisedVersion => 0;

    /// <inheritdoc/>
    public override ValueTask<PendingResponse> HandleAsync(in RequestContext context)
    {
        var reader = new KafkaReader(context.Body);
        var request = ProduceRequestView.Read(ref reader, context.ApiVersion);
        RequestContext.CheckConsumed(in reader);

        bool isTransactional = !request.TransactionalIdIsNull;
        var terms = new ProduceTerms(
            context.ApiVersion,
            request.Acks,
            isTransactional,
            MustBeVerified: isTransactional && _transactions.IsRequired(TransactionalClient.OfProduce(context.ApiVersion)));
        var round = new ProduceRound(_partitions, _appender, terms);
        var topics = new ProduceResponse.TopicProduceResponse[request.TopicData.Count];
        int next = 0;
        foreach (ProduceRequestView.TopicProduceData topic in request.TopicData) topics[next++] = round.Append(topic);

        var timeout = TimeSpan.FromMilliseconds(Math.Max(request.TimeoutMs, 0));
        return round.IsVerified
            ? ValueTask.FromResult(Answer(topics, round, terms, timeout))
            : AnswerVerifiedAsync(topics, round, terms, timeout, Encoding.UTF8.GetString(request.TransactionalId));
    }

    /// <summary>Until the coordinator has answered, the request holds up its connection: batches behind it must not overtake it.</summary>
    private async ValueTask<PendingResponse> AnswerVerifiedAsync(
        ProduceResponse.TopicProduceResponse[] topics, ProduceRound round, ProduceTerms terms, TimeSpan timeout, string transactionalId)
    {
        await round.AppendVerifiedAsync(transactionalId, _transactions).ConfigureAwait(false);
        return Answer(topics, round, terms, timeout);
    }

    private PendingResponse Answer(ProduceResponse.TopicProduceResponse[] topics, ProduceRound round, in ProduceTerms terms, TimeSpan timeout)
    {
        // With acks=0 nobody waits for an answer: an error shows as a closed connection, so that the client looks for metadata.
        if (terms.Acks == 0) return round.HasFailed ? PendingResponse.Close : PendingResponse.None;

        var response = new ProduceResponse { Responses = topics };
        return round.IsAcknowledgeable ? PendingResponse.Ready(response) : PendingResponse.Later(WaitAsync(response, round, timeout));
    }

    private async Task<IApiMessage> WaitAsync(ProduceResponse response, ProduceRound round, TimeSpan timeout)
    {
        await round.WaitAsync(timeout, _time).ConfigureAwait(false);
        return response;
    }
}
