using System.Text;
using KBroker.Broker.Partitions;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Producing;

/// <summary>The appends of one Produce request: each partition's answer, and which of them still wait for replicas.</summary>
internal sealed class ProduceRound
{
    private readonly PartitionRegistry _partitions;
    private readonly BatchAppender _appender;
    private readonly short _version;
    private readonly short _acks;
    private readonly bool _isTransactional;
    private List<Unreplicated>? _unreplicated;

    /// <param name="partitions">The replicas here.</param>
    /// <param name="appender">Checks and appends a batch.</param>
    /// <param name="version">The request's version.</param>
    /// <param name="acks">The request's acks; other values than 0, 1 and -1 refuse every partition.</param>
    /// <param name="isTransactional">Whether the request carries a transactional id.</param>
    public ProduceRound(PartitionRegistry partitions, BatchAppender appender, short version, short acks, bool isTransactional)
    {
        _partitions = partitions;
        _appender = appender;
        _version = version;
        _acks = acks;
        _isTransactional = isTransactional;
    }

    /// <summary>Whether a partition was refused.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Whether all appends have the replicas they ask for.</summary>
    public bool IsReplicated => _unreplicated is null;

    /// <summary>Appends to the partitions of one topic.</summary>
    public ProduceResponse.TopicProduceResponse Append(ProduceRequestView.TopicProduceData request)
    {
        ErrorCode unknown = Find(request, out TopicReplicas? topic);
        var answers = new ProduceResponse.PartitionProduceResponse[request.PartitionData.Count];
        int next = 0;
        foreach (ProduceRequestView.PartitionProduceData data in request.PartitionData)
        {
            Partition? partition = null;
            if (topic is not null && !topic.Partitions.TryGetValue(data.Index, out partition)) unknown = ErrorCode.UnknownTopicOrPartition;
            ProduceResponse.PartitionProduceResponse answer = partition is null ? BatchAppender.Refused(unknown) : Append(partition, data);
            answer.Index = data.Index;
            HasFailed |= answer.ErrorCode != ErrorCode.None;
            answers[next++] = answer;
        }

        return new ProduceResponse.TopicProduceResponse
        {
            Name = topic?.Name ?? Encoding.UTF8.GetString(request.Name),
            TopicId = request.TopicId,
            PartitionResponses = answers,
        };
    }

    /// <summary>Waits until the replicas have everything, or the deadline turns what they lack into an error.</summary>
    public async Task WaitForReplicasAsync(TimeSpan timeout, TimeProvider time)
    {
        long started = time.GetTimestamp();
        foreach (Unreplicated append in _unreplicated ?? [])
        {
            TimeSpan left = timeout - time.GetElapsedTime(started);
            ErrorCode error = await ReplicationWaiter.WaitAsync(
                append.Partition, append.NextOffset, left > TimeSpan.Zero ? left : TimeSpan.Zero, time).ConfigureAwait(false);
            if (error == ErrorCode.None) continue;
            append.Answer.ErrorCode = error;
            append.Answer.BaseOffset = -1;
        }
    }

    private ProduceResponse.PartitionProduceResponse Append(Partition partition, ProduceRequestView.PartitionProduceData data)
    {
        if (_acks is not (0 or 1 or -1)) return BatchAppender.Refused(ErrorCode.InvalidRequiredAcks);
        ProduceResponse.PartitionProduceResponse answer =
            _appender.Append(partition, data.Records.Memory, _version, _isTransactional, allReplicas: _acks == -1, out long nextOffset);
        if (_acks == -1 && answer.ErrorCode == ErrorCode.None && partition.HighWatermark < nextOffset)
            (_unreplicated ??= []).Add(new Unreplicated(partition, nextOffset, answer));
        return answer;
    }

    private ErrorCode Find(ProduceRequestView.TopicProduceData request, out TopicReplicas? topic)
    {
        if (_version >= 13) return _partitions.TryGetTopic(request.TopicId, out topic) ? ErrorCode.None : ErrorCode.UnknownTopicId;
        return _partitions.TryGetTopic(request.Name, out topic) ? ErrorCode.None : ErrorCode.UnknownTopicOrPartition;
    }

    private readonly record struct Unreplicated(
        Partition Partition, long NextOffset, ProduceResponse.PartitionProduceResponse Answer);
}
