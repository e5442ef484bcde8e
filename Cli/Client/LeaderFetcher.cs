using System.Threading.Channels;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;

namespace KBroker.Cli.Client;

/// <summary>Fetches from one leader, one request after the other, until it is stopped or the metadata proves to be stale.</summary>
internal sealed class LeaderFetcher(
    ClusterClient cluster,
    TopicView topic,
    ConsumerOptions options,
    List<PartitionPosition> positions,
    ChannelWriter<FetchedRecords> output)
{
    private const short FirstWithIsolation = 4;
    private const short LastWithTopicNames = 12;

    private bool _progressed;

    /// <summary>Fetches; returns, with whether anything came, when the metadata has to be read anew.</summary>
    /// <exception cref="ClientException">Reading cannot go on.</exception>
    public async Task<bool> RunAsync(int leaderId, CancellationToken cancellation)
    {
        try
        {
            BrokerConnection leader = await cluster.BrokerAsync(leaderId, cancellation);
            short atMost = topic.Id == Guid.Empty ? LastWithTopicNames : short.MaxValue;
            if (leader.Versions.Highest(ApiKey.Fetch, atMost) is >= 0 and < FirstWithIsolation)
                throw new ClientException(ErrorCode.UnsupportedVersion, $"The broker at {leader.Endpoint} is too old for this consumer");
            while (positions.TrueForAll(position => position.Offset >= 0))
            {
                FetchResponse response = await leader.SendAsync<FetchResponse>(Request(), cancellation, atMost);
                if (!await TakeAsync(response, cancellation)) break;
            }
        }
        catch (ClientException e) when (e.IsRetriable)
        {
            cluster.Options.Warn(e.Message);
        }

        return _progressed;
    }

    private FetchRequest Request() => new()
    {
        MaxWaitMs = (int)options.MaxWait.TotalMilliseconds,
        MinBytes = options.MinBytes,
        MaxBytes = options.MaxBytes,
        IsolationLevel = (sbyte)(options.ReadCommitted ? 1 : 0),
        Topics =
        [
            new()
            {
                Topic = topic.Name,
                TopicId = topic.Id,
                Partitions = [.. positions.Select(position => new FetchRequest.FetchPartition
                {
                    Partition = position.Partition,
                    CurrentLeaderEpoch = topic.Find(position.Partition)?.LeaderEpoch ?? -1,
                    FetchOffset = position.Offset,
                    PartitionMaxBytes = position.MaxBytes,
                })],
            },
        ],
    };

    /// <summary>Passes the records on; false when the metadata has to be read anew.</summary>
    private async ValueTask<bool> TakeAsync(FetchResponse response, CancellationToken cancellation)
    {
        if (response.ErrorCode != ErrorCode.None) return Fresh(response.ErrorCode, $"Topic '{topic.Name}' cannot be read");
        bool isFresh = true;
        bool isEmpty = true;
        foreach (FetchResponse.PartitionData data in response.Responses.SelectMany(item => item.Partitions))
        {
            PartitionPosition? position = positions.Find(item => item.Partition == data.PartitionIndex);
            if (position is null) continue;
            if (data.ErrorCode == ErrorCode.OffsetOutOfRange) isFresh &= Reset(position);
            else if (data.ErrorCode != ErrorCode.None)
                isFresh &= Fresh(data.ErrorCode, $"Partition {position.Partition} of topic '{topic.Name}' cannot be read");
            else if (data.Records.Length > 0) isEmpty &= !await TakeAsync(position, data, cancellation);
        }

        _progressed |= !isEmpty || isFresh;
        // Partitions that were not moved on keep their place at the front; the next request begins with another one, so that a busy
        // partition does not use up all of fetch.max.bytes forever.
        if (positions.Count > 1)
        {
            positions.Add(positions[0]);
            positions.RemoveAt(0);
        }

        return isFresh;
    }

    private async ValueTask<bool> TakeAsync(PartitionPosition position, FetchResponse.PartitionData data, CancellationToken cancellation)
    {
        long next = NextOffset(data.Records.Memory.Span, out int validBytes, out RecordBatchEnumeratorState end);
        if (validBytes == 0 && end == RecordBatchEnumeratorState.PartialTail)
        {
            if (position.MaxBytes == int.MaxValue) throw Damaged(position);
            position.MaxBytes = (int)Math.Min(int.MaxValue, position.MaxBytes * 2L);
            return false;
        }

        if (validBytes == 0 || next <= position.Offset) throw Damaged(position);
        AbortedTransactions? aborted = options.ReadCommitted ? new AbortedTransactions(data.AbortedTransactions ?? []) : null;
        await output.WriteAsync(new FetchedRecords(position.Partition, position.Offset, data.Records.Memory[..validBytes], aborted), cancellation);
        // Only what was handed over is behind the position: a stop before that fetches it again.
        position.Offset = next;
        return true;
    }

    private static long NextOffset(ReadOnlySpan<byte> records, out int validBytes, out RecordBatchEnumeratorState end)
    {
        long next = -1;
        var batches = new RecordBatchEnumerator(records);
        while (batches.MoveNext()) next = batches.Current.LastOffset + 1;
        validBytes = batches.ValidBytes;
        end = batches.State;
        return next;
    }

    private ClientException Damaged(PartitionPosition position) => new(
        ErrorCode.CorruptMessage,
        $"Partition {position.Partition} of topic '{topic.Name}' holds a damaged record batch at offset {position.Offset}");

    private bool Reset(PartitionPosition position)
    {
        cluster.Options.Warn($"Partition {position.Partition} does not hold offset {position.Offset}; going on as auto.offset.reset says");
        position.Start = options.Reset;
        position.Offset = -1;
        return false;
    }

    /// <summary>False for an error that fresh metadata may cure.</summary>
    private bool Fresh(ErrorCode code, string what)
    {
        ClientException failure = ClientException.Of(code, null, what);
        if (!code.IsRetriable() || code == ErrorCode.CorruptMessage) throw failure;
        cluster.Options.Warn(failure.Message);
        return false;
    }
}
