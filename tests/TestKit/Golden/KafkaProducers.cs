using System.Buffers.Binary;

namespace KBroker.TestKit.Golden;

/// <summary>A producer as a snapshot has it.</summary>
internal sealed record KafkaProducer(
    long ProducerId, short Epoch, int LastSequence, long LastOffset, int OffsetDelta, long Timestamp, int CoordinatorEpoch, long TransactionStart)
{
    public static KafkaProducer Unknown(long producerId) => new(producerId, -1, -1, -1, 0, -1, -1, -1);

    /// <summary>Another epoch knows no batches.</summary>
    public KafkaProducer In(short epoch) => epoch == Epoch ? this : this with { Epoch = epoch, LastSequence = -1, LastOffset = -1, OffsetDelta = 0 };
}

/// <summary>A line of a transaction index.</summary>
internal sealed record KafkaAborted(long ProducerId, long FirstOffset, long LastOffset, long LastStableOffset);

/// <summary>The producers of a log by a plain replay of its batches, and what Kafka's snapshot files hold.</summary>
internal sealed class KafkaProducers
{
    private const int EntrySize = 46;

    private readonly SortedDictionary<long, KafkaProducer> _producers = [];
    private readonly Dictionary<long, long> _lastSeen = [];

    public IReadOnlyCollection<KafkaProducer> All => _producers.Values;

    /// <summary>
    /// Whether a snapshot holds these producers. Of one whose last batch or marker lies below the log start it may know, or not: its
    /// batches may be gone.
    /// </summary>
    public bool AreThose(IReadOnlyCollection<KafkaProducer> found, long logStart)
    {
        var ids = found.Select(producer => producer.ProducerId).ToHashSet();
        return found.SequenceEqual(_producers.Values.Where(producer => ids.Contains(producer.ProducerId) || _lastSeen[producer.ProducerId] >= logStart));
    }

    public void Set(IEnumerable<KafkaProducer> producers)
    {
        _producers.Clear();
        foreach (KafkaProducer producer in producers)
        {
            _producers[producer.ProducerId] = producer;
            _lastSeen.TryAdd(producer.ProducerId, producer.LastOffset);
        }
    }

    /// <summary>Takes in the next batch; the transaction that it aborts, or null.</summary>
    public KafkaAborted? Add(string file, KafkaBatch batch)
    {
        if (batch.ProducerId < 0 || (batch.IsControl && batch.Marker is null)) return null;
        KafkaProducer producer = (_producers.GetValueOrDefault(batch.ProducerId) ?? KafkaProducer.Unknown(batch.ProducerId)).In(batch.ProducerEpoch);
        KafkaAborted? aborted = null;
        if (batch.Marker is { } marker)
        {
            long first = producer.TransactionStart;
            producer = producer with { CoordinatorEpoch = marker.CoordinatorEpoch, Timestamp = marker.Timestamp, TransactionStart = -1 };
            if (marker.IsAbort && first >= 0)
            {
                // The first transaction of another producer that is open, or what follows the marker.
                long stable = _producers.Values.Where(other => other.ProducerId != batch.ProducerId && other.TransactionStart >= 0)
                    .Select(other => other.TransactionStart).DefaultIfEmpty(batch.BaseOffset + 1).Min();
                aborted = new KafkaAborted(batch.ProducerId, first, batch.BaseOffset, stable);
            }
        }
        else
        {
            KafkaRefusesException.If(
                producer.TransactionStart >= 0 && !batch.IsTransactional, file, $"the batch at offset {batch.BaseOffset} is outside of its producer's open transaction");
            producer = producer with
            {
                LastSequence = batch.LastSequence,
                LastOffset = batch.LastOffset,
                OffsetDelta = (int)(batch.LastOffset - batch.BaseOffset),
                Timestamp = batch.MaxTimestamp,
                TransactionStart = producer.TransactionStart >= 0 || !batch.IsTransactional ? producer.TransactionStart : batch.BaseOffset,
            };
        }

        _producers[batch.ProducerId] = producer;
        _lastSeen[batch.ProducerId] = batch.LastOffset;
        return aborted;
    }

    /// <summary>The producers of a snapshot file of version 1, by their ids.</summary>
    public static List<KafkaProducer> ReadSnapshot(string file, byte[] bytes)
    {
        KafkaRefusesException.If(bytes.Length < 10, file, $"{bytes.Length} bytes are no snapshot");
        short version = BinaryPrimitives.ReadInt16BigEndian(bytes);
        KafkaRefusesException.If(version != 1, file, $"version {version} of a snapshot is unknown");
        KafkaRefusesException.If(
            BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(2)) != GoldenBytes.Crc32C(bytes.AsSpan(6)), file, "the CRC is not that of the producers");
        int count = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(6));
        KafkaRefusesException.If(count < 0 || bytes.Length != 10 + ((long)count * EntrySize), file, $"{bytes.Length} bytes do not hold {count} producers");
        var producers = new SortedDictionary<long, KafkaProducer>();
        for (int at = 10; at < bytes.Length; at += EntrySize)
        {
            ReadOnlySpan<byte> entry = bytes.AsSpan(at, EntrySize);
            var producer = new KafkaProducer(
                BinaryPrimitives.ReadInt64BigEndian(entry),
                BinaryPrimitives.ReadInt16BigEndian(entry[8..]),
                BinaryPrimitives.ReadInt32BigEndian(entry[10..]),
                BinaryPrimitives.ReadInt64BigEndian(entry[14..]),
                BinaryPrimitives.ReadInt32BigEndian(entry[22..]),
                BinaryPrimitives.ReadInt64BigEndian(entry[26..]),
                BinaryPrimitives.ReadInt32BigEndian(entry[34..]),
                BinaryPrimitives.ReadInt64BigEndian(entry[38..]));
            KafkaRefusesException.If(!producers.TryAdd(producer.ProducerId, producer), file, $"producer {producer.ProducerId} is there twice");
        }

        return [.. producers.Values];
    }
}
