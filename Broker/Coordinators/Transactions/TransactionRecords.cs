using System.Buffers.Binary;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>How a transactional id is kept: TransactionLogKey and TransactionLogValue in the bytes of Kafka.</summary>
internal static class TransactionRecords
{
    /// <summary>The number that stands before a TransactionLogKey.</summary>
    public const short KeyKind = 0;

    // Version 1 is flexible and has the ids before and after, which the second transaction protocol needs (Kafka 3.8).
    private const short ValueVersion = 1;

    /// <summary>The record of an id.</summary>
    public static CoordinatorRecord Write(TransactionMetadata transaction) => CoordinatorRecord.Set(
        KeyKind,
        new TransactionLogKey { TransactionalId = transaction.TransactionalId },
        ValueVersion,
        new TransactionLogValue
        {
            ProducerId = transaction.Producer.Id,
            PreviousProducerId = transaction.PreviousProducerId,
            NextProducerId = transaction.NextProducerId,
            ProducerEpoch = transaction.Producer.Epoch,
            TransactionTimeoutMs = transaction.TimeoutMs,
            TransactionStatus = (sbyte)transaction.State,
            // Kafka has no list at all in this state, and none that is empty in another.
            TransactionPartitions = transaction.State == TransactionState.Empty ? null : Topics(transaction.Partitions),
            TransactionLastUpdateTimestampMs = transaction.LastUpdateTimestampMs,
            TransactionStartTimestampMs = transaction.StartTimestampMs,
            ClientTransactionVersion = transaction.ClientTransactionVersion,
        });

    /// <summary>The record that forgets an id.</summary>
    public static CoordinatorRecord Tombstone(string transactionalId) =>
        CoordinatorRecord.Tombstone(KeyKind, new TransactionLogKey { TransactionalId = transactionalId });

    /// <summary>What a record says of which id; null for the whole if its kind or version is a later one's, null for the metadata if it forgets.</summary>
    /// <param name="record">The record.</param>
    /// <param name="topics">The names of topics that are known, and those of the record from then on: all records share one text each.</param>
    /// <exception cref="MalformedMessageException">The bytes contradict their kind.</exception>
    public static (string TransactionalId, TransactionMetadata? Metadata)? Read(in CoordinatorRecord record, HashSet<string>? topics = null)
    {
        if (!BinaryPrimitives.TryReadInt16BigEndian(record.Key, out short kind)) throw new MalformedMessageException("a key of less than 2 bytes");
        if (kind != KeyKind) return null;
        var keyReader = new KafkaReader(record.Key.AsMemory(sizeof(short)));
        string transactionalId = TransactionLogKey.Read(ref keyReader, 0).TransactionalId;
        if (record.Value is null) return (transactionalId, null);
        if (!BinaryPrimitives.TryReadInt16BigEndian(record.Value, out short version)) throw new MalformedMessageException("a value of less than 2 bytes");
        if (version is < TransactionLogValue.LowestVersion or > TransactionLogValue.HighestVersion) return null;
        var reader = new KafkaReader(record.Value.AsMemory(sizeof(short)));
        return (transactionalId, ToMetadata(transactionalId, TransactionLogValue.Read(ref reader, version), topics));
    }

    private static TransactionMetadata? ToMetadata(string transactionalId, TransactionLogValue value, HashSet<string>? topics)
    {
        var state = (TransactionState)value.TransactionStatus;
        if (state == TransactionState.Dead) return null;
        if (state is < TransactionState.Empty or > TransactionState.CompleteAbort) throw new MalformedMessageException($"{value.TransactionStatus} is no state of a transaction");
        if (value.ProducerId < 0 || value.ProducerEpoch < 0) throw new MalformedMessageException($"{value.ProducerId} with epoch {value.ProducerEpoch} is no producer");
        var partitions = new HashSet<TopicPartition>();
        foreach (TransactionLogValue.PartitionsSchema topic in value.TransactionPartitions ?? [])
        {
            string name = topics is null ? topic.Topic : OneText(topic.Topic, topics);
            foreach (int partition in topic.PartitionIds) partitions.Add(new TopicPartition(name, partition));
        }

        return new TransactionMetadata
        {
            TransactionalId = transactionalId,
            Producer = new ProducerIdentity(value.ProducerId, value.ProducerEpoch),
            PreviousProducerId = value.PreviousProducerId,
            NextProducerId = value.NextProducerId,
            TimeoutMs = value.TransactionTimeoutMs,
            State = state,
            Partitions = partitions,
            StartTimestampMs = value.TransactionStartTimestampMs,
            LastUpdateTimestampMs = value.TransactionLastUpdateTimestampMs,
            ClientTransactionVersion = value.ClientTransactionVersion,
        };
    }

    private static string OneText(string topic, HashSet<string> topics)
    {
        if (topics.TryGetValue(topic, out string? known)) return known;
        topics.Add(topic);
        return topic;
    }

    private static TransactionLogValue.PartitionsSchema[] Topics(IReadOnlySet<TopicPartition> partitions) =>
    [
        .. partitions.GroupBy(partition => partition.Topic, StringComparer.Ordinal).OrderBy(topic => topic.Key, StringComparer.Ordinal).Select(topic =>
            new TransactionLogValue.PartitionsSchema { Topic = topic.Key, PartitionIds = [.. topic.Select(partition => partition.Partition).Order()] }),
    ];
}
