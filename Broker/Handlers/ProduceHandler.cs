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
/// address (KIP-951). v11, v12: transactions version 2 (KIP-890). v13: topic ids (KIP-516). Versions 0-2 are named by ApiVersions,
/// because older clients look for them to learn which compression is known, but not served (KAFKA-18659).
/// </remarks>
public sealed class ProduceHandler : ApiHandler
{
    private readonly PartitionRegistry _partitions;
    private readonly BatchAppender _appender;
    private readonly TimeProvider _time;

    /// <param name="partitions">The replicas here.</param>
    /// <param name="appender">Checks and appends a batch.</param>
    /// <param name="time">Gives the deadline of what cannot be acknowledged at once.</param>
    public ProduceHandler(PartitionRegistry partitions, BatchAppender appender, TimeProvider time)
        : base(ApiKey.Produce, 3, 13)
    {
        _partitions = partitions;
        _appender = appender;
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

        var round = new ProduceRound(_partitions, _appender, context.ApiVersion, request.Acks, isTransactional: !request.TransactionalIdIsNull);
        var topics = new ProduceResponse.TopicProduceResponse[request.TopicData.Count];
        int next = 0;
        foreach (ProduceRequestView.TopicProduceData topic in request.TopicData) topics[next++] = round.Append(topic);

        // With acks=0 nobody waits for an answer: an error shows as a closed connection, so that the client looks for metadata.
        if (request.Acks == 0) return ValueTask.FromResult(round.HasFailed ? PendingResponse.Close : PendingResponse.None);

        var response = new ProduceResponse { Responses = topics };
        return ValueTask.FromResult(round.IsAcknowledgeable
            ? PendingResponse.Ready(response)
            : PendingResponse.Later(WaitAsync(response, round, TimeSpan.FromMilliseconds(Math.Max(request.TimeoutMs, 0)))));
    }

    private async Task<IApiMessage> WaitAsync(ProduceResponse response, ProduceRound round, TimeSpan timeout)
    {
        await round.WaitAsync(timeout, _time).ConfigureAwait(false);
        return response;
    }
}
