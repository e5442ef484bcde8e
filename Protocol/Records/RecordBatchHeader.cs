using System.Buffers.Binary;
using KBroker.Protocol.Compression;

namespace KBroker.Protocol.Records;

/// <summary>
/// A view of one batch of magic 2 where it lies. Nothing is checked beyond the size of the header: of a batch that comes from
/// outside, trust nothing before a validation of its structure or <see cref="IsCrcValid"/> has said yes.
/// </summary>
public readonly ref struct RecordBatchHeader
{
    private readonly ReadOnlySpan<byte> _batch;

    /// <summary>A view of the batch at the start of <paramref name="batch"/>, which may go on after it.</summary>
    /// <exception cref="ArgumentException">Fewer bytes than a header has.</exception>
    public RecordBatchHeader(ReadOnlySpan<byte> batch)
    {
        if (batch.Length < RecordBatchFormat.RecordsOffset)
            throw new ArgumentException($"A batch header has {RecordBatchFormat.RecordsOffset} bytes, here are {batch.Length}", nameof(batch));
        _batch = batch;
    }

    /// <summary>The offset of the first record, kept when compaction removes it.</summary>
    public long BaseOffset => BinaryPrimitives.ReadInt64BigEndian(_batch);

    /// <summary>The length field: the bytes after itself, so 12 less than <see cref="SizeInBytes"/>.</summary>
    public int Length => BinaryPrimitives.ReadInt32BigEndian(_batch[RecordBatchFormat.LengthOffset..]);

    /// <summary>The bytes of the whole batch as its length field states them, not checked against the buffer.</summary>
    public int SizeInBytes => Length + RecordBatchFormat.LogOverhead;

    /// <summary>The epoch of the leader that appended the batch; -1 from a producer.</summary>
    public int PartitionLeaderEpoch => BinaryPrimitives.ReadInt32BigEndian(_batch[RecordBatchFormat.PartitionLeaderEpochOffset..]);

    /// <summary>The format: 2, unless the bytes are something else.</summary>
    public byte Magic => _batch[RecordBatchFormat.MagicOffset];

    /// <summary>The stored CRC-32C.</summary>
    public uint Crc => BinaryPrimitives.ReadUInt32BigEndian(_batch[RecordBatchFormat.CrcOffset..]);

    /// <summary>The attribute bits.</summary>
    public RecordBatchAttributes Attributes => new(BinaryPrimitives.ReadInt16BigEndian(_batch[RecordBatchFormat.AttributesOffset..]));

    /// <summary>The offset of the last record, less the base offset.</summary>
    public int LastOffsetDelta => BinaryPrimitives.ReadInt32BigEndian(_batch[RecordBatchFormat.LastOffsetDeltaOffset..]);

    /// <summary>The offset of the last record, kept when compaction removes it.</summary>
    public long LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>The offset after the batch.</summary>
    public long NextOffset => LastOffset + 1;

    /// <summary>What the records' timestamps count from, in milliseconds; the delete horizon where that bit is set.</summary>
    public long BaseTimestamp => BinaryPrimitives.ReadInt64BigEndian(_batch[RecordBatchFormat.BaseTimestampOffset..]);

    /// <summary>The largest timestamp, in milliseconds; -1 for none.</summary>
    public long MaxTimestamp => BinaryPrimitives.ReadInt64BigEndian(_batch[RecordBatchFormat.MaxTimestampOffset..]);

    /// <summary>The producer id; -1 for a producer that is not idempotent.</summary>
    public long ProducerId => BinaryPrimitives.ReadInt64BigEndian(_batch[RecordBatchFormat.ProducerIdOffset..]);

    /// <summary>The producer epoch, or -1.</summary>
    public short ProducerEpoch => BinaryPrimitives.ReadInt16BigEndian(_batch[RecordBatchFormat.ProducerEpochOffset..]);

    /// <summary>The sequence of the first record, or -1.</summary>
    public int BaseSequence => BinaryPrimitives.ReadInt32BigEndian(_batch[RecordBatchFormat.BaseSequenceOffset..]);

    /// <summary>The sequence of the last record, or -1.</summary>
    public int LastSequence => BaseSequence < 0 ? -1 : ProducerSequence.Add(BaseSequence, LastOffsetDelta);

    /// <summary>The number of records that the batch says it holds.</summary>
    public int RecordCount => BinaryPrimitives.ReadInt32BigEndian(_batch[RecordBatchFormat.RecordCountOffset..]);

    /// <summary>The compression of the records.</summary>
    public CompressionType CompressionType => Attributes.CompressionType;

    /// <summary>What the timestamps are.</summary>
    public TimestampType TimestampType => Attributes.TimestampType;

    /// <summary>Whether the batch belongs to a transaction.</summary>
    public bool IsTransactional => Attributes.IsTransactional;

    /// <summary>Whether the batch holds a control record.</summary>
    public bool IsControl => Attributes.IsControl;

    /// <summary>Whether the base timestamp is a delete horizon.</summary>
    public bool HasDeleteHorizon => Attributes.HasDeleteHorizon;

    /// <summary>Whether a producer id is set.</summary>
    public bool HasProducerId => ProducerId >= 0;

    /// <summary>Whether the length field fits a header and the bytes at hand.</summary>
    public bool IsComplete => Length >= RecordBatchFormat.MinLength && Length <= _batch.Length - RecordBatchFormat.LogOverhead;

    /// <summary>Whether the whole batch is at hand and its CRC is right.</summary>
    public bool IsCrcValid => IsComplete && ComputeCrc() == Crc;

    /// <summary>The bytes of this batch alone.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The batch is not <see cref="IsComplete"/>.</exception>
    public ReadOnlySpan<byte> Batch => _batch[..SizeInBytes];

    /// <summary>The records, compressed if the batch is.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The batch is not <see cref="IsComplete"/>.</exception>
    public ReadOnlySpan<byte> Records => _batch[RecordBatchFormat.RecordsOffset..SizeInBytes];

    /// <summary>The CRC-32C that the batch should have.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The batch is not <see cref="IsComplete"/>.</exception>
    public uint ComputeCrc() => Crc32C.Compute(_batch[RecordBatchFormat.AttributesOffset..SizeInBytes]);
}
