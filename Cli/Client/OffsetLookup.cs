using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Client;

/// <summary>Finds offsets by asking the partitions' leaders: the beginning, the end, or the first record from a time on.</summary>
internal sealed class OffsetLookup(ClusterClient cluster, bool readCommitted)
{
    /// <summary>Gives every position that has no offset the one that its start stands for.</summary>
    /// <exception cref="ClientException">A broker refuses, or the time is up.</exception>
    public async Task ResolveAllAsync(string topic, IReadOnlyCollection<PartitionPosition> positions, CancellationToken cancellation)
    {
        foreach (PartitionPosition position in positions)
            if (position.Offset < 0 && position.Start.Offset is { } offset) position.Offset = offset;
        var backoff = new RetryBackoff(cluster.Options, cluster.Options.ApiTimeout);
        while (true)
        {
            List<PartitionPosition> open = [.. positions.Where(position => position.Offset < 0)];
            if (open.Count == 0) return;
            ClientException? failure = await TryAsync(topic, open, cancellation);
            if (failure is null) continue;
            if (!failure.IsRetriable) throw failure;
            cluster.Options.Warn(failure.Message);
            if (!await backoff.WaitAsync(cancellation)) throw failure;
        }
    }

    private async Task<ClientException?> TryAsync(string topic, List<PartitionPosition> open, CancellationToken cancellation)
    {
        try
        {
            TopicView view = await cluster.FindTopicAsync(topic, allowAutoCreation: false, cluster.Options.ApiTimeout, cancellation)
                ?? throw new ClientException(ErrorCode.UnknownTopicOrPartition, $"Topic '{topic}' does not exist");
            ClientException? failure = null;
            foreach (var led in open.GroupBy(position => view.Find(position.Partition)?.LeaderId ?? -1))
            {
                failure = led.Key < 0
                    ? new ClientException(ErrorCode.LeaderNotAvailable, $"Partition {led.First().Partition} of topic '{topic}' has no leader")
                    : await AskAsync(topic, led.Key, [.. led], cancellation) ?? failure;
            }

            return failure;
        }
        catch (ClientException e) when (e.IsRetriable)
        {
            return e;
        }
    }

    private async Task<ClientException?> AskAsync(
        string topic, int leaderId, List<PartitionPosition> positions, CancellationToken cancellation)
    {
        BrokerConnection leader = await cluster.BrokerAsync(leaderId, cancellation);
        bool hasIsolation = leader.Versions.Highest(ApiKey.ListOffsets) >= 2;
        var request = new ListOffsetsRequest
        {
            ReplicaId = -1,
            IsolationLevel = (sbyte)(readCommitted && hasIsolation ? 1 : 0),
            Topics =
            [
                new()
                {
                    Name = topic,
                    Partitions = [.. positions.Select(position => new ListOffsetsRequest.ListOffsetsPartition
                    {
                        PartitionIndex = position.Partition,
                        Timestamp = position.Start.Timestamp,
                    })],
                },
            ],
        };
        ListOffsetsResponse response = await leader.SendAsync<ListOffsetsResponse>(request, cancellation);
        ClientException? failure = null;
        foreach (PartitionPosition position in positions)
        {
            var answer = response.Topics.SelectMany(item => item.Partitions).FirstOrDefault(item => item.PartitionIndex == position.Partition);
            ErrorCode code = answer?.ErrorCode ?? ErrorCode.UnknownServerError;
            if (code != ErrorCode.None) failure = ClientException.Of(code, null, $"Cannot look up an offset of partition {position.Partition}");
            else if (answer!.OldStyleOffsets.Length > 0) position.Offset = answer.OldStyleOffsets[0];
            else if (answer.Offset >= 0) position.Offset = answer.Offset;
            // No record is as late as that: what comes next is.
            else position.Start = StartPosition.Latest;
        }

        return failure;
    }
}
