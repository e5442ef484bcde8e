using System.Text;
using KBroker.Broker.Metadata;
using KBroker.Broker.Partitions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;

namespace KBroker.Broker.Producing;

/// <summary>
/// The appends of one Produce request: each partition's answer, which of them wait for the coordinator of their transaction, and which
/// cannot be acknowledged yet.
/// </summary>
/// <param name="partitions">The replicas here.</param>
/// <param name="appender">Checks and appends a batch.</param>
/// <param name="terms">What the request says of all of its batches; other acks than 0, 1 and -1 refuse every partition.</param>
internal sealed class ProduceRound(PartitionRegistry partitions, BatchAppender appender, ProduceTerms terms)
{
    private const short TakesIdsFrom = 13;

    private readonly ProduceTerms _terms = terms;
    private List<Unverified>? _unverified;
    private List<Unacknowledged>? _unacknowledged;

    /// <summary>Whether a partition was refused.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Whether no batch begins a transaction that its coordinator has to be asked about before <see cref="AppendVerifiedAsync"/> is through.</summary>
    public bool IsVerified => _unverified is null;

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
            ProduceResponse.PartitionProduceResponse answer;
            if (partition is null) answer = BatchAppender.Refused(WhyMissing(request, topic, data.Index));
            else if (isInternal) answer = BatchAppender.Refused(ErrorCode.InvalidTopicException, $"Cannot append to internal topic {topic!.Name}.");
            else answer = Append(partition, data.Records.Memory, new AnswerSlot(answers, next));
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

    /// <summary>
    /// Asks the coordinator about the batches that begin a transaction in their partition, and appends them if it knows of it. The
    /// request's bytes are needed until then.
    /// </summary>
    public async Task AppendVerifiedAsync(string transactionalId, TransactionVerification verification)
    {
        if (_unverified is not { Count: > 0 } writes) return;
        _unverified = null;
        Unverified first = writes[0];
        List<Unverified> verified = [.. writes.Where(write => write.IsSameProducer(first))];
        TransactionalClient client = TransactionalClient.OfProduce(_terms.Version);
        await verification.VerifyAsync(transactionalId, first.Batch.ProducerId, first.Batch.ProducerEpoch, verified, client).ConfigureAwait(false);
        foreach (Unverified write in writes)
        {
            ProduceResponse.PartitionProduceResponse answer =
                // A request is one producer's.
                !write.IsSameProducer(first)
                    ? BatchAppender.Refused(ErrorCode.InvalidProducerIdMapping, "Transactional records contained more than one producer ID.")
                : write.Error == ErrorCode.None ? AppendVerified(write)
                : Refused(write.Error, client);
            answer.Index = write.Slot.Answers[write.Slot.At].Index;
            write.Slot.Answers[write.Slot.At] = answer;
            HasFailed |= answer.ErrorCode != ErrorCode.None;
        }
    }

    /// <summary>Waits until everything can be acknowledged, or the deadline turns what cannot into an error.</summary>
    public async Task WaitAsync(TimeSpan timeout, TimeProvider time)
    {
        long started = time.GetTimestamp();
        foreach (Unacknowledged append in _unacknowledged ?? [])
        {
            TimeSpan left = timeout - time.GetElapsedTime(started);
            ErrorCode error = await AcknowledgementWaiter.WaitAsync(
                append.Partition, append.NextOffset, append.Epoch, _terms.AllReplicas, left > TimeSpan.Zero ? left : TimeSpan.Zero, time).ConfigureAwait(false);
            if (error != ErrorCode.None) Refuse(append.Answer, error);
        }
    }

    /// <summary>Appends, or puts the batch aside until its transaction is verified: then it counts as no failure yet.</summary>
    private ProduceResponse.PartitionProduceResponse Append(Partition partition, ReadOnlyMemory<byte> records, AnswerSlot slot)
    {
        if (_terms.Acks is not (0 or 1 or -1)) return BatchAppender.Refused(ErrorCode.InvalidRequiredAcks);
        LeaderEpoch epoch = partition.Leadership.LeaderEpoch;
        BatchOutcome outcome = appender.Append(partition, records, _terms);
        if (outcome.Unverified is not { } batch) return Settle(partition, epoch, outcome);
        (_unverified ??= []).Add(new Unverified(partition, records, batch, slot));
        return new ProduceResponse.PartitionProduceResponse();
    }

    private ProduceResponse.PartitionProduceResponse AppendVerified(Unverified write)
    {
        LeaderEpoch epoch = write.Partition.Leadership.LeaderEpoch;
        return Settle(write.Partition, epoch, appender.Append(write.Partition, write.Records, _terms, write.Guard));
    }

    private ProduceResponse.PartitionProduceResponse Settle(Partition partition, LeaderEpoch epoch, in BatchOutcome outcome)
    {
        ProduceResponse.PartitionProduceResponse answer = outcome.Answer;
        if (_terms.Acks == 0 || answer.ErrorCode != ErrorCode.None) return answer;
        ErrorCode? settled = partition.Acknowledgement(outcome.NextOffset, epoch, _terms.AllReplicas);
        if (settled is null) (_unacknowledged ??= []).Add(new Unacknowledged(partition, outcome.NextOffset, epoch, answer));
        else if (settled != ErrorCode.None) Refuse(answer, settled.Value);
        return answer;
    }

    private static void Refuse(ProduceResponse.PartitionProduceResponse answer, ErrorCode error)
    {
        answer.ErrorCode = error;
        answer.BaseOffset = -1;
    }

    /// <summary>What a coordinator says of a transaction, as a Produce response has it.</summary>
    private static ProduceResponse.PartitionProduceResponse Refused(ErrorCode error, TransactionalClient client)
    {
        switch (error)
        {
            case ErrorCode.InvalidTxnState:
                return BatchAppender.Refused(error, "The partition was not added to the transaction.");
            // Clients try again at this one and look for no other leader; not all do at those of a coordinator.
            case ErrorCode.CoordinatorLoadInProgress or ErrorCode.CoordinatorNotAvailable or ErrorCode.NotCoordinator or ErrorCode.NetworkException:
            case ErrorCode.ConcurrentTransactions when !client.BumpsEpoch:
                return BatchAppender.Refused(ErrorCode.NotEnoughReplicas, $"The transaction could not be verified: {error.Name()}.");
            default:
                return BatchAppender.Refused(error);
        }
    }

    private TopicReplicas? Find(ProduceRequestView.TopicProduceData request)
    {
        TopicReplicas? topic;
        return (_terms.Version >= TakesIdsFrom ? partitions.TryGetTopic(request.TopicId, out topic) : partitions.TryGetTopic(request.Name, out topic)) ? topic : null;
    }

    private ErrorCode WhyMissing(ProduceRequestView.TopicProduceData request, TopicReplicas? topic, int index) => _terms.Version >= TakesIdsFrom
        ? partitions.WhyMissing(request.TopicId, index, topic is null ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition)
        : partitions.WhyMissing(topic?.Name ?? Encoding.UTF8.GetString(request.Name), index);

    private readonly record struct AnswerSlot(ProduceResponse.PartitionProduceResponse[] Answers, int At);

    private sealed class Unverified(Partition partition, ReadOnlyMemory<byte> records, RecordBatchSummary batch, AnswerSlot slot)
        : TransactionalWrite(partition, batch.BaseSequence)
    {
        public ReadOnlyMemory<byte> Records => records;

        public RecordBatchSummary Batch => batch;

        public AnswerSlot Slot { get; } = slot;

        public bool IsSameProducer(Unverified other) =>
            batch.ProducerId == other.Batch.ProducerId && batch.ProducerEpoch == other.Batch.ProducerEpoch;
    }

    private readonly record struct Unacknowledged(
        Partition Partition, long NextOffset, LeaderEpoch Epoch, ProduceResponse.PartitionProduceResponse Answer);
}
