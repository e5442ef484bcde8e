using System.Buffers;
using System.Buffers.Binary;
using KBroker.Protocol.Compression;

namespace KBroker.Protocol.Records;

/// <summary>
/// Builds one batch of magic 2, byte for byte as Kafka does where it is not compressed. Records are appended in the order of their
/// offsets; then the batch is written once. Belongs to one thread at a time; <see cref="Reset"/> makes it ready for the next batch.
/// </summary>
public sealed class RecordBatchBuilder : IDisposable
{
    private readonly CompressionCodecs? _codecs;
    private readonly PooledBufferWriter _records = new();
    private RecordBatchOptions _options;
    private long _baseTimestamp;
    private long _maxTimestamp;
    private long _lastOffset;

    /// <summary>A builder for a batch with the given header.</summary>
    /// <param name="options">The header.</param>
    /// <param name="codecs">The compressions; needed only if the options ask for one.</param>
    public RecordBatchBuilder(RecordBatchOptions options, CompressionCodecs? codecs = null)
    {
        _codecs = codecs;
        _options = options;
        Reset(options);
    }

    /// <summary>The number of records appended.</summary>
    public int RecordCount { get; private set; }

    /// <summary>The size of the batch if it were not compressed, in bytes.</summary>
    public int UncompressedSize => RecordBatchFormat.RecordsOffset + _records.WrittenCount;

    /// <summary>Forgets the records and starts a batch with another header.</summary>
    public void Reset(RecordBatchOptions options)
    {
        _options = options;
        _records.Clear();
        _baseTimestamp = options.DeleteHorizonMs ?? RecordBatchFormat.None;
        _maxTimestamp = RecordBatchFormat.None;
        _lastOffset = options.BaseOffset - 1;
        RecordCount = 0;
    }

    /// <summary>Appends a record at the offset after the last one.</summary>
    /// <param name="timestamp">Milliseconds since the epoch, or -1.</param>
    /// <param name="key">The key, or null.</param>
    /// <param name="value">The value, or null.</param>
    /// <param name="headers">The headers, or null for none.</param>
    public void Append(long timestamp, byte[]? key, byte[]? value, IReadOnlyList<RecordHeader>? headers = null) =>
        AppendAt(_lastOffset + 1, timestamp, key, value, headers);

    /// <summary>Appends a record at a given offset, above that of the last one.</summary>
    public void AppendAt(long offset, long timestamp, byte[]? key, byte[]? value, IReadOnlyList<RecordHeader>? headers = null)
    {
        int headerBytes = RecordEncoding.SizeOfHeaders(headers);
        int count = headers?.Count ?? 0;
        Span<byte> destination = Start(offset, timestamp, key is not null, key, value is not null, value, count, headerBytes, out int at);
        if (headers is not null) RecordEncoding.WriteHeaders(destination[at..], headers);
        _records.Advance(at + headerBytes);
    }

    /// <summary>Appends a copy of a record, at its own offset and with its producer's timestamp.</summary>
    public void Append(Record record)
    {
        ReadOnlySpan<byte> headers = record.Headers.Bytes;
        Span<byte> destination = Start(
            record.Offset,
            record.CreateTimestamp,
            record.HasKey,
            record.Key,
            record.HasValue,
            record.Value,
            record.Headers.Count,
            headers.Length,
            out int at);
        headers.CopyTo(destination[at..]);
        _records.Advance(at + headers.Length);
    }

    /// <summary>Writes the batch; returns its size in bytes.</summary>
    /// <exception cref="NativeLibraryMissingException">The compression's library is not installed.</exception>
    public int WriteTo(IBufferWriter<byte> destination)
    {
        if (_options.CompressionType == CompressionType.None || RecordCount == 0) return Write(_records.WrittenSpan, destination);

        CompressionCodecs codecs = _codecs ?? throw new InvalidOperationException("The builder was given no codecs");
        using var compressed = new PooledBufferWriter((_records.WrittenCount / 2) + 64);
        codecs.For(_options.CompressionType).Compress(_records.WrittenSpan, compressed);
        return Write(compressed.WrittenSpan, destination);
    }

    /// <summary>The batch in an array of its own.</summary>
    /// <exception cref="NativeLibraryMissingException">The compression's library is not installed.</exception>
    public byte[] ToArray()
    {
        using var batch = new PooledBufferWriter(UncompressedSize);
        WriteTo(batch);
        return batch.WrittenSpan.ToArray();
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose() => _records.Dispose();

    private Span<byte> Start(
        long offset,
        long timestamp,
        bool hasKey,
        ReadOnlySpan<byte> key,
        bool hasValue,
        ReadOnlySpan<byte> value,
        int headerCount,
        int headerBytes,
        out int written)
    {
        if (offset <= _lastOffset) throw new ArgumentException($"Offset {offset} is not above {_lastOffset}", nameof(offset));
        if (RecordCount == 0 && _options.DeleteHorizonMs is null) _baseTimestamp = timestamp;

        var head = new RecordEncoding.Head(
            timestamp - _baseTimestamp,
            checked((int)(offset - _options.BaseOffset)),
            hasKey ? key.Length : -1,
            hasValue ? value.Length : -1,
            headerCount);
        int body = checked(head.Size + key.Length + value.Length + headerBytes);
        Span<byte> destination = _records.GetSpan(body + Wire.VarInt.MaxBytes32);
        written = head.Write(destination, body, key, value);

        _lastOffset = offset;
        _maxTimestamp = Math.Max(_maxTimestamp, timestamp);
        RecordCount++;
        return destination;
    }

    private int Write(ReadOnlySpan<byte> records, IBufferWriter<byte> destination)
    {
        int size = checked(RecordBatchFormat.RecordsOffset + records.Length);
        Span<byte> batch = destination.GetSpan(size)[..size];
        records.CopyTo(batch[RecordBatchFormat.RecordsOffset..]);
        RecordBatchOptions o = _options;
        var attributes = new RecordBatchAttributes(
            o.CompressionType, o.TimestampType, o.IsTransactional, o.IsControl, o.DeleteHorizonMs is not null);

        BinaryPrimitives.WriteInt64BigEndian(batch, o.BaseOffset);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchFormat.LengthOffset..], size - RecordBatchFormat.LogOverhead);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchFormat.PartitionLeaderEpochOffset..], o.PartitionLeaderEpoch);
        batch[RecordBatchFormat.MagicOffset] = RecordBatchFormat.CurrentMagic;
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchFormat.AttributesOffset..], attributes.Value);
        BinaryPrimitives.WriteInt32BigEndian(
            batch[RecordBatchFormat.LastOffsetDeltaOffset..], checked((int)((o.LastOffset ?? _lastOffset) - o.BaseOffset)));
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchFormat.BaseTimestampOffset..], _baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchFormat.MaxTimestampOffset..], o.MaxTimestamp ?? _maxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchFormat.ProducerIdOffset..], o.ProducerId);
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchFormat.ProducerEpochOffset..], o.ProducerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchFormat.BaseSequenceOffset..], o.BaseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchFormat.RecordCountOffset..], RecordCount);
        RecordBatchStamp.SetCrc(batch);
        destination.Advance(size);
        return size;
    }
}
