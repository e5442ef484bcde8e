namespace KBroker.Benchmarks.Load.Wire;

/// <summary>What idempotent and transactional producers send, as whole frames, and what is in the answers.</summary>
internal static class TransactionRequests
{
    public const short ConcurrentTransactions = 51;

    private const int TransactionTimeoutMs = 60_000;
    private const int TimeoutMs = 30_000;

    // Behind the records of a flexible Produce: no tags of the partition, of the topic, of the request.
    private const int AfterRecords = 3;

    /// <summary>InitProducerId v1; without a transactional id for a producer that is idempotent only.</summary>
    public static byte[] Init(string? transactionalId) => new FrameWriter(22, 1).String(transactionalId).Int32(TransactionTimeoutMs).ToFrame();

    /// <summary>AddPartitionsToTxn v2 of one partition.</summary>
    public static byte[] AddPartition(string transactionalId, ProducerIdentity producer, string topic, int partition) =>
        new FrameWriter(24, 2).String(transactionalId).Int64(producer.Id).Int16(producer.Epoch)
            .Int32(1).String(topic).Int32(1).Int32(partition).ToFrame();

    /// <summary>The error of the one partition of an <see cref="AddPartition"/>: it comes last.</summary>
    public static short ReadAddPartition(ReadOnlySpan<byte> reply) => System.Buffers.Binary.BinaryPrimitives.ReadInt16BigEndian(reply[^2..]);

    /// <summary>EndTxn v2: a commit.</summary>
    public static byte[] Commit(string transactionalId, ProducerIdentity producer) =>
        new FrameWriter(26, 2).String(transactionalId).Int64(producer.Id).Int16(producer.Epoch).Int8(1).ToFrame();

    /// <summary>EndTxn v5: a commit of the second protocol (KIP-890), which raises the epoch.</summary>
    public static byte[] CommitV2(string transactionalId, ProducerIdentity producer) =>
        FrameWriter.Flexible(26, 5).CompactString(transactionalId).Int64(producer.Id).Int16(producer.Epoch).Int8(1).NoTags().ToFrame();

    /// <summary>The error of a <see cref="CommitV2"/>, and the producer as it goes on.</summary>
    public static (short Error, ProducerIdentity Next) ReadCommitV2(ReadOnlySpan<byte> reply)
    {
        // No tags in the header.
        var reader = new ReplyReader(reply[1..]);
        reader.Int32();
        return (reader.Int16(), new ProducerIdentity(reader.Int64(), reader.Int16()));
    }

    /// <summary>Produce v8 of one transactional batch to one partition, acks=all; the batch comes last.</summary>
    public static byte[] Produce(string? transactionalId, string topic, int partition, byte[] batch) =>
        new FrameWriter(0, 8).String(transactionalId).Int16(-1).Int32(TimeoutMs)
            .Int32(1).String(topic).Int32(1).Int32(partition).Int32(batch.Length).Raw(batch).ToFrame();

    /// <summary>Produce v12, which adds its partition to the transaction of the second protocol.</summary>
    public static byte[] ProduceV2(string transactionalId, string topic, int partition, byte[] batch) =>
        FrameWriter.Flexible(0, 12).CompactString(transactionalId).Int16(-1).Int32(TimeoutMs)
            .CompactCount(1).CompactString(topic).CompactCount(1).Int32(partition).CompactCount(batch.Length).Raw(batch)
            .NoTags().NoTags().NoTags().ToFrame();

    /// <summary>The batch in a frame of <see cref="ProduceV2"/>.</summary>
    public static Span<byte> BatchOfV2(byte[] frame, int length) => frame.AsSpan(frame.Length - AfterRecords - length, length);

    /// <summary>The error of the one partition of a <see cref="ProduceV2"/>.</summary>
    public static short ReadProduceV2(ReadOnlySpan<byte> reply, int topicLength) =>
        // Correlation id, tags, count, name with its length, count, partition.
        System.Buffers.Binary.BinaryPrimitives.ReadInt16BigEndian(reply[(4 + 1 + 1 + 1 + topicLength + 1 + 4)..]);
}
