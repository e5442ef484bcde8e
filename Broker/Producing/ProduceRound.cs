using System.Text;
using KBroker.Broker.Metadata;
using KBroker.Broker.Partitions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Producing;

/// <summary>The appends of one Produce request: each partition's answer, and which of them cannot be acknowledged yet.</summary>
internal sealed class ProduceRound
{
    private const short TakesIdsFrom = 13;

    private readonly PartitionRegistry _partitions;
    private readonly BatchAppender _appender;
    private readonly short _version;
    private readonly short _acks;
    private readonly bool _isTransactional;
    private List<Unacknowledged>? _unacknowledged;

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

    /// <summary>Whether all appends have the replicas they ask for, and are on the disk where their topic asks for it.</summary>
    public bool IsAcknowledgeable => _unacknowledged is null;

    /// <summary>Appends to the partitions of one topic.</summary>
    public ProduceResponse.TopicProduceResponse Append(ProduceRequestView.TopicProduceData request)
    {
        TopicReplicas? topic = Find(request);
        // Their records are their coordinators' state: one that a client makes up could not be understood, or could be.
        bool isInternal = topic is not null && InternalTopics.Contains(topic.Name);
        var answers = new ProduceResponse.PartitionProduceResponse[request.PartitionData.Count];
        int next = 0;
        foreach (ProduceRequestView.PartitionProduceData data in request.PartitionData)
        {
            Partition? partition = null;
            topic?.Partitions.TryGetValue(data.Index, out partition);
            ProduceResponse.PartitionProduceResponse answer =
                partition is null ? BatchAppender.Refused(WhyMissing(request, topic, data.Index))
                : isInternal ? BatchAppender.Refused(ErrorCode.InvalidTopicException, $"Cannot append to internal topic {topic!.Name}.")
                : Append(partition, data);
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

    /// <summary>Waits until everything can be acknowledged, or the deadline turns what cannot into an error.</summary>
    public async Task WaitAsync(TimeSpan timeout, TimeProvider time)
    {
        long started = time.GetTimestamp();
        foreach (Unacknowledged append in _unacknowledged ?? [])
        {
            TimeSpan left = timeout - time.GetElapsedTime(started);
            ErrorCode error = await AcknowledgementWaiter.WaitAsync(
                append.Partition, append.NextOffset, append.Epoch, allReplicas: _acks == -1, left > TimeSpan.Zero ? left : TimeSpan.Zero, time).ConfigureAwait(false);
            if (error != ErrorCode.None) Refuse(append.Answer, error);
        }
    }

    private ProduceResponse.PartitionProduceResponse Append(Partition partition, ProduceRequestView.PartitionProduceData data)
    {
        if (_acks is not (0 or 1 or -1)) return BatchAppender.Refused(ErrorCode.InvalidRequiredAcks);
        LeaderEpoch epoch = partition.Leadership.LeaderEpoch;
        ProduceResponse.PartitionProduceResponse answer =
            _appender.Append(partition, data.Records.Memory, _version, _isTransactional, allReplicas: _acks == -1, out long nextOffset);
        if (_acks == 0 || answer.ErrorCode != ErrorCode.None) return answer;
        ErrorCode? settled = partition.Acknowledgement(nextOffset, epoch, allReplicas: _acks == -1);
        if (settled is null) (_unacknowledged ??= []).Add(new Unacknowledged(partition, nextOffset, epoch, answer));
        else if (settled != ErrorCode.None) Refuse(answer, settled.Value);
        return answer;
    }

    private static void Refuse(ProduceResponse.PartitionProduceResponse answer, ErrorCode error)
    {
        answer.ErrorCode = error;
        answer.BaseOffset = -1;
    }

    private TopicReplicas? Find(ProduceRequestView.TopicProduceData request)
    {
        TopicReplicas? topic;
        return (_version >= TakesIdsFrom ? _partitions.TryGetTopic(request.TopicId, out topic) : _partitions.TryGetTopic(request.Name, out topic)) ? topic : null;
    }

    private ErrorCode WhyMissing(ProduceRequestView.TopicProduceData request, TopicReplicas? topic, int index) => _version >= TakesIdsFrom
        ? _partitions.WhyMissing(request.TopicId, index, topic is null ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition)
        : _partitions.WhyMissing(topic?.Name ?? Encoding.UTF8.GetString(request.Name), index);

    private readonly record struct Unacknowledged(
        Partition Partition, long NextOffset, LeaderEpoch Epoch, ProduceResponse.PartitionProduceResponse Answer);
}
