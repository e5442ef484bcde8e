using System.Buffers.Binary;

namespace KBroker.Protocol.Records;

/// <summary>
/// The control record that ends a producer's transaction in a partition (KIP-98): its key holds a version and the type, abort or
/// commit, its value a version and the epoch of the coordinator that decided.
/// </summary>
/// <param name="IsCommit">Whether the transaction was committed; else aborted.</param>
/// <param name="CoordinatorEpoch">The leader epoch of the coordinator's partition.</param>
public readonly record struct EndTransactionMarker(bool IsCommit, int CoordinatorEpoch)
{
    /// <summary>The most bytes of a batch that holds a marker and no foreign headers; larger ones need not be looked into.</summary>
    public const int MaxBatchSize = 256;

    private const short Abort = 0;
    private const short Commit = 1;
    private const int KeySize = 4;
    private const int ValueSize = 6;

    /// <summary>
    /// Reads the marker of a whole control batch; false when the batch holds no record, another kind of control record, or what cannot
    /// be read.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> batch, out EndTransactionMarker marker)
    {
        marker = default;
        if (batch.Length < RecordBatchFormat.RecordsOffset) return false;
        var header = new RecordBatchHeader(batch);
        if (!header.IsComplete || !header.IsControl || header.Attributes.IsCompressed || header.RecordCount < 1) return false;
        ReadOnlySpan<byte> records = header.Records;
        if (RecordLayout.TryRead(records, out RecordLayout layout) != RecordDefect.None
            || layout.KeyLength < KeySize || layout.ValueLength < ValueSize)
            return false;
        ReadOnlySpan<byte> key = records.Slice(layout.KeyStart, layout.KeyLength);
        ReadOnlySpan<byte> value = records.Slice(layout.ValueStart, layout.ValueLength);
        short type = BinaryPrimitives.ReadInt16BigEndian(key[sizeof(short)..]);
        // Later versions of either only add to what is here.
        if (type is not (Abort or Commit) || BinaryPrimitives.ReadInt16BigEndian(key) < 0 || BinaryPrimitives.ReadInt16BigEndian(value) < 0) return false;
        marker = new EndTransactionMarker(type == Commit, BinaryPrimitives.ReadInt32BigEndian(value[sizeof(short)..]));
        return true;
    }

    /// <summary>A control batch with the marker, as a coordinator appends it.</summary>
    /// <param name="producerId">Whose transaction ends.</param>
    /// <param name="producerEpoch">The producer's epoch.</param>
    /// <param name="timestamp">Milliseconds since the epoch.</param>
    public byte[] ToBatch(long producerId, short producerEpoch, long timestamp)
    {
        byte[] key = new byte[KeySize];
        BinaryPrimitives.WriteInt16BigEndian(key.AsSpan(sizeof(short)), IsCommit ? Commit : Abort);
        byte[] value = new byte[ValueSize];
        BinaryPrimitives.WriteInt32BigEndian(value.AsSpan(sizeof(short)), CoordinatorEpoch);
        using var builder = new RecordBatchBuilder(new RecordBatchOptions
        {
            ProducerId = producerId,
            ProducerEpoch = producerEpoch,
            IsTransactional = true,
            IsControl = true,
        });
        builder.Append(timestamp, key, value);
        return builder.ToArray();
    }
}
