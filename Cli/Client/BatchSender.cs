using System.Collections.Concurrent;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Cli.Client;

/// <summary>Brings batches to the leaders of their partitions, again where that makes sense, until their time is up.</summary>
internal sealed class BatchSender(ClusterClient cluster, TopicView topic, ProducerOptions options) : IDisposable
{
    private const short FirstWithRecordBatches = 3;
    private const short FirstWithZstd = 7;
    private const short LastWithTopicNames = 12;

    private readonly ConcurrentDictionary<int, SemaphoreSlim> _slots = new();
    private readonly SemaphoreSlim _refreshing = new(1, 1);
    private TopicView _topic = topic;

    /// <summary>The topic as last seen.</summary>
    public TopicView Topic => Volatile.Read(ref _topic);

    /// <summary>Delivers a batch; the caller sees to it that there is only one of a partition at a time.</summary>
    /// <exception cref="ClientException">It was not delivered.</exception>
    public async Task SendAsync(int partition, PendingBatch batch, CancellationToken cancellation)
    {
        byte[] encoded = batch.Encode();
        var backoff = new RetryBackoff(cluster.Options, options.DeliveryTimeout);
        while (true)
        {
            TopicView seen = Topic;
            ClientException? failure;
            try
            {
                failure = await TryAsync(seen, partition, encoded, cancellation);
                if (failure is null) return;
            }
            catch (ClientException e)
            {
                failure = e;
            }

            if (!failure.IsRetriable || backoff.Attempts >= options.Retries) throw failure;
            cluster.Options.Warn($"{failure.Message}; trying again");
            if (!await backoff.WaitAsync(cancellation))
            {
                throw new ClientException(
                    failure.Code, $"Not delivered within {options.DeliveryTimeout.TotalMilliseconds:0} ms (delivery.timeout.ms): {failure.Message}", failure);
            }

            await RefreshAsync(seen, cancellation);
        }
    }

    public void Dispose()
    {
        foreach (SemaphoreSlim slot in _slots.Values) slot.Dispose();
        _refreshing.Dispose();
    }

    /// <summary>One attempt; null for success, else why not.</summary>
    private async Task<ClientException?> TryAsync(TopicView view, int partition, byte[] encoded, CancellationToken cancellation)
    {
        if (view.Find(partition) is not { } found)
            throw new ClientException(ErrorCode.InvalidPartitions, $"Topic '{view.Name}' has no partition {partition}");
        if (found.LeaderId < 0)
            return new ClientException(ErrorCode.LeaderNotAvailable, $"Partition {partition} of topic '{view.Name}' has no leader");
        BrokerConnection leader = await cluster.BrokerAsync(found.LeaderId, cancellation);
        short atMost = view.Id == Guid.Empty ? LastWithTopicNames : short.MaxValue;
        short version = leader.Versions.Highest(ApiKey.Produce, atMost);
        if (version >= 0 && version < (options.Compression == CompressionType.Zstd ? FirstWithZstd : FirstWithRecordBatches))
            throw new ClientException(ErrorCode.UnsupportedVersion, $"The broker at {leader.Endpoint} is too old for this kind of record batch");

        var request = new ProduceRequest
        {
            Acks = options.Acks,
            TimeoutMs = (int)cluster.Options.RequestTimeout.TotalMilliseconds,
            TopicData =
            [
                new()
                {
                    Name = view.Name,
                    TopicId = view.Id,
                    PartitionData = [new() { Index = partition, Records = new RecordsData(encoded) }],
                },
            ],
        };
        SemaphoreSlim slots = _slots.GetOrAdd(found.LeaderId, _ => new SemaphoreSlim(options.MaxInFlight));
        await slots.WaitAsync(cancellation);
        try
        {
            if (options.Acks != 0) return Verdict(await leader.SendAsync<ProduceResponse>(request, cancellation, atMost), partition);
            await leader.SendWithoutResponseAsync(request, cancellation, atMost);
            return null;
        }
        finally
        {
            slots.Release();
        }
    }

    private static ClientException? Verdict(ProduceResponse response, int partition)
    {
        foreach (ProduceResponse.TopicProduceResponse answered in response.Responses)
        {
            foreach (ProduceResponse.PartitionProduceResponse result in answered.PartitionResponses)
            {
                if (result.Index != partition) continue;
                if (result.ErrorCode == ErrorCode.None) return null;
                string? detail = result.ErrorMessage
                    ?? (result.RecordErrors.Length > 0 ? result.RecordErrors[0].BatchIndexErrorMessage : null);
                return ClientException.Of(result.ErrorCode, detail, $"Partition {partition}");
            }
        }

        return new ClientException(ErrorCode.UnknownServerError, $"The broker's Produce response does not speak of partition {partition}");
    }

    /// <summary>Reads the metadata again, once for all batches that saw the same.</summary>
    private async Task RefreshAsync(TopicView seen, CancellationToken cancellation)
    {
        await _refreshing.WaitAsync(cancellation);
        try
        {
            if (!ReferenceEquals(Topic, seen)) return;
            TopicView? fresh = await cluster.FindTopicAsync(seen.Name, allowAutoCreation: false, TimeSpan.Zero, cancellation);
            if (fresh is not null) Volatile.Write(ref _topic, fresh);
        }
        catch (ClientException e) when (e.IsRetriable)
        {
            cluster.Options.Warn(e.Message);
        }
        finally
        {
            _refreshing.Release();
        }
    }
}
