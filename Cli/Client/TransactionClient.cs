using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Client;

/// <summary>Lists and describes transactions and producers, and aborts transactions that hang (KIP-664). Every failure is a <see cref="ClientException"/>.</summary>
public sealed class TransactionClient(ClusterClient cluster)
{
    private readonly CoordinatorClient _coordinators = new(cluster, CoordinatorClient.Transaction);

    /// <summary>The transactions of all coordinators, by transactional id.</summary>
    /// <param name="states">The states to keep; none for all.</param>
    /// <param name="producerIds">The producers to keep; none for all.</param>
    /// <param name="longerThanMs">Only those that have been open for longer; null for all.</param>
    /// <param name="cancellation">Ends it early.</param>
    public async Task<IReadOnlyList<TransactionListing>> ListAsync(
        IReadOnlyList<string> states, IReadOnlyList<long> producerIds, long? longerThanMs, CancellationToken cancellation)
    {
        MetadataResponse metadata = await new AdminClient(cluster).MetadataAsync(cancellation);
        var request = new ListTransactionsRequest { StateFilters = [.. states], ProducerIdFilters = [.. producerIds], DurationFilter = longerThanMs ?? -1 };
        var found = new List<TransactionListing>();
        foreach (int id in metadata.Brokers.Select(broker => broker.NodeId))
        {
            ListTransactionsResponse response = await ListAsync(id, request, cancellation);
            if (response.UnknownStateFilters.Length > 0)
                throw new ClientException(ErrorCode.InvalidRequest, $"Broker {id} does not know the state {string.Join(", ", response.UnknownStateFilters)}");
            found.AddRange(response.TransactionStates.Select(one => new TransactionListing(one.TransactionalId, id, one.ProducerId, one.TransactionState)));
        }

        return [.. found.OrderBy(one => one.TransactionalId, StringComparer.Ordinal)];
    }

    /// <summary>The transaction of a transactional id; null if the coordinator does not know the id.</summary>
    public async Task<TransactionView?> DescribeAsync(string transactionalId, CancellationToken cancellation)
    {
        DescribeTransactionsResponse response = await _coordinators.CallAsync<DescribeTransactionsResponse>(
            transactionalId,
            new DescribeTransactionsRequest { TransactionalIds = [transactionalId] },
            static answer => answer.TransactionStates.Select(one => one.ErrorCode).FirstOrDefault(),
            cancellation);
        DescribeTransactionsResponse.TransactionStateData state = response.TransactionStates.FirstOrDefault()
            ?? throw new ClientException($"The broker does not speak of transactional id '{transactionalId}'");
        if (state.ErrorCode == ErrorCode.TransactionalIdNotFound) return null;
        if (state.ErrorCode != ErrorCode.None) throw ClientException.Of(state.ErrorCode, null, $"Cannot describe transactional id '{transactionalId}'");
        (int coordinator, _) = await _coordinators.FindAsync(transactionalId, cancellation);
        return new TransactionView(
            new TransactionListing(transactionalId, coordinator, state.ProducerId, state.TransactionState),
            state.ProducerEpoch,
            state.TransactionTimeoutMs,
            state.TransactionStartTimeMs >= 0 ? state.TransactionStartTimeMs : null,
            [.. state.Topics.SelectMany(topic => topic.Partitions.Select(partition => new TopicPartition(topic.Topic, partition)))]);
    }

    /// <summary>The producers of partitions, as their leaders know them, or as one broker does.</summary>
    /// <param name="partitions">The partitions; each exists.</param>
    /// <param name="brokerId">The broker; null for the leaders.</param>
    /// <param name="cancellation">Ends it early.</param>
    public async Task<IReadOnlyList<ProducerView>> ProducersAsync(
        IReadOnlyCollection<TopicPartition> partitions, int? brokerId, CancellationToken cancellation)
    {
        var found = new List<ProducerView>();
        foreach (IGrouping<int, TopicPartition> led in await ByLeaderAsync(partitions, brokerId, cancellation))
        {
            BrokerConnection broker = await cluster.BrokerAsync(led.Key, cancellation);
            var request = new DescribeProducersRequest
            {
                Topics = [.. led.GroupBy(one => one.Topic).Select(topic => new DescribeProducersRequest.TopicRequest
                {
                    Name = topic.Key,
                    PartitionIndexes = [.. topic.Select(one => one.Partition)],
                })],
            };
            DescribeProducersResponse response = await broker.SendAsync<DescribeProducersResponse>(request, cancellation);
            foreach (DescribeProducersResponse.TopicResponse topic in response.Topics)
            {
                foreach (DescribeProducersResponse.PartitionResponse partition in topic.Partitions)
                {
                    var name = new TopicPartition(topic.Name, partition.PartitionIndex);
                    if (partition.ErrorCode != ErrorCode.None) throw ClientException.Of(partition.ErrorCode, partition.ErrorMessage, $"Cannot describe the producers of {name}");
                    found.AddRange(partition.ActiveProducers.Select(producer => new ProducerView(
                        name,
                        producer.ProducerId,
                        producer.ProducerEpoch,
                        producer.LastSequence,
                        producer.LastTimestamp,
                        producer.CoordinatorEpoch >= 0 ? producer.CoordinatorEpoch : null,
                        producer.CurrentTxnStartOffset >= 0 ? producer.CurrentTxnStartOffset : null)));
                }
            }
        }

        return found;
    }

    /// <summary>Has the leader of a partition write an abort marker for a producer.</summary>
    public async Task AbortAsync(TopicPartition partition, long producerId, short producerEpoch, int coordinatorEpoch, CancellationToken cancellation)
    {
        int leader = (await ByLeaderAsync([partition], null, cancellation)).Single().Key;
        BrokerConnection broker = await cluster.BrokerAsync(leader, cancellation);
        var request = new WriteTxnMarkersRequest
        {
            Markers =
            [
                new()
                {
                    ProducerId = producerId,
                    ProducerEpoch = producerEpoch,
                    TransactionResult = false,
                    CoordinatorEpoch = coordinatorEpoch,
                    Topics = [new() { Name = partition.Topic, PartitionIndexes = [partition.Partition] }],
                },
            ],
        };
        WriteTxnMarkersResponse response = await broker.SendAsync<WriteTxnMarkersResponse>(request, cancellation);
        ErrorCode error = response.Markers.SelectMany(marker => marker.Topics).SelectMany(topic => topic.Partitions)
            .Select(one => (ErrorCode?)one.ErrorCode).FirstOrDefault() ?? ErrorCode.UnknownServerError;
        if (error != ErrorCode.None) throw ClientException.Of(error, null, $"The transaction of producer {producerId} in {partition} is not aborted");
    }

    private async Task<ListTransactionsResponse> ListAsync(int brokerId, ListTransactionsRequest request, CancellationToken cancellation)
    {
        var backoff = new RetryBackoff(cluster.Options, cluster.Options.ApiTimeout);
        while (true)
        {
            BrokerConnection broker = await cluster.BrokerAsync(brokerId, cancellation);
            if (request.DurationFilter >= 0 && broker.Versions.Highest(ApiKey.ListTransactions) < 1)
                throw new ClientException(ErrorCode.UnsupportedVersion, $"The broker at {broker.Endpoint} is too old to tell how long transactions have been open");
            ListTransactionsResponse response = await broker.SendAsync<ListTransactionsResponse>(request, cancellation);
            if (response.ErrorCode == ErrorCode.None) return response;
            ClientException failure = ClientException.Of(response.ErrorCode, null, $"Broker {brokerId} does not list its transactions");
            if (!failure.IsRetriable || !await backoff.WaitAsync(cancellation)) throw failure;
        }
    }

    private async Task<IReadOnlyList<IGrouping<int, TopicPartition>>> ByLeaderAsync(
        IReadOnlyCollection<TopicPartition> partitions, int? brokerId, CancellationToken cancellation)
    {
        IReadOnlyDictionary<string, TopicView> topics = await new PartitionOffsetsClient(cluster).TopicsAsync(partitions.Select(one => one.Topic), cancellation);
        return [.. partitions.GroupBy(partition => brokerId ?? LeaderOf(topics, partition))];
    }

    private static int LeaderOf(IReadOnlyDictionary<string, TopicView> topics, TopicPartition partition)
    {
        if (topics.GetValueOrDefault(partition.Topic)?.Find(partition.Partition) is not { } view)
            throw new ClientException(ErrorCode.UnknownTopicOrPartition, $"Partition {partition} does not exist");
        return view.LeaderId >= 0 ? view.LeaderId : throw new ClientException(ErrorCode.LeaderNotAvailable, $"Partition {partition} has no leader at the moment");
    }
}
