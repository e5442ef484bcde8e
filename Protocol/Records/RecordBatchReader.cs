using KBroker.Protocol.Compression;

namespace KBroker.Protocol.Records;

/// <summary>
/// Reads the records of batches of any magic, one batch at a time, decompressing into a buffer of its own that is reused. Belongs
/// to one thread at a time.
/// </summary>
public sealed class RecordBatchReader : IDisposable
{
    private readonly CompressionCodecs _codecs;
    private readonly DecompressionLimits _limits;
    private readonly bool _checkCrcs;
    private readonly PooledBufferWriter _output = new();

    /// <summary>A reader.</summary>
    /// <param name="codecs">The compressions it can read.</param>
    /// <param name="limits">How far a batch may expand; by default not at all limited but by what an array can hold.</param>
    /// <param name="checkCrcs">Whether to check the CRC of each batch first, as consumers do (<c>check.crcs</c>).</param>
    public RecordBatchReader(CompressionCodecs codecs, DecompressionLimits? limits = null, bool checkCrcs = true)
    {
        _codecs = codecs;
        _limits = limits ?? new DecompressionLimits(Array.MaxLength, int.MaxValue, Array.MaxLength);
        _checkCrcs = checkCrcs;
    }

    /// <summary>
    /// The records of the batch at the start of <paramref name="batch"/>. They live until the next call, or until the reader is
    /// disposed. What cannot be read shows in the enumerator's error code.
    /// </summary>
    public RecordEnumerator Read(ReadOnlySpan<byte> batch)
    {
        if (RecordBatchEnumerator.Measure(batch, out int size) != RecordBatchEnumeratorState.Reading)
            return new RecordEnumerator(ErrorCode.CorruptMessage, "The bytes are not a whole record batch");

        batch = batch[..size];
        return batch[RecordBatchFormat.MagicOffset] == RecordBatchFormat.CurrentMagic
            ? ReadCurrent(new RecordBatchHeader(batch))
            : ReadLegacy(batch);
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose() => _output.Dispose();

    private RecordEnumerator ReadCurrent(RecordBatchHeader batch)
    {
        if (_checkCrcs && batch.ComputeCrc() != batch.Crc)
            return new RecordEnumerator(ErrorCode.CorruptMessage, "The record batch is damaged: its CRC is wrong");
        if (batch.RecordCount == 0 || batch.CompressionType == CompressionType.None)
            return new RecordEnumerator(batch, batch.Records);

        (ErrorCode code, string message) = Decompress(batch.CompressionType, batch.Records);
        return code == ErrorCode.None ? new RecordEnumerator(batch, _output.WrittenSpan) : new RecordEnumerator(code, message);
    }

    private RecordEnumerator ReadLegacy(ReadOnlySpan<byte> bytes)
    {
        if (!LegacyMessage.TryRead(bytes, out LegacyMessage message))
            return new RecordEnumerator(ErrorCode.CorruptMessage, "A message's key or value does not fit it");
        if (_checkCrcs && !message.IsCrcValid)
            return new RecordEnumerator(ErrorCode.CorruptMessage, "The message is damaged: its CRC is wrong");
        if (message.CompressionType == CompressionType.None) return new RecordEnumerator(new LegacyMessageEnumerator(message));
        if (message.CompressionType == CompressionType.Zstd)
            return new RecordEnumerator(ErrorCode.CorruptMessage, "Messages of magic 0 and 1 cannot be compressed with zstd");

        (ErrorCode code, string text) = message is { Magic: 0, CompressionType: CompressionType.Lz4 }
            ? DecompressOldLz4(message.Value)
            : Decompress(message.CompressionType, message.Value);
        return code == ErrorCode.None
            ? new RecordEnumerator(new LegacyMessageEnumerator(message, _output.WrittenSpan))
            : new RecordEnumerator(code, text);
    }

    private (ErrorCode Code, string Message) DecompressOldLz4(ReadOnlySpan<byte> frame)
    {
        using var repaired = new PooledBufferWriter(frame.Length);
        OldLz4Frame.Repair(frame, repaired);
        return Decompress(CompressionType.Lz4, repaired.WrittenSpan);
    }

    private (ErrorCode Code, string Message) Decompress(CompressionType type, ReadOnlySpan<byte> source)
    {
        if (_codecs.Find(type) is null) return (ErrorCode.UnsupportedCompressionType, $"There is no codec for compression type {(int)type}");
        _output.Clear();
        try
        {
            return _codecs.Decompress(type, source, _limits.For(source.Length), _output) switch
            {
                DecompressionStatus.Done => (ErrorCode.None, ""),
                DecompressionStatus.LimitExceeded => (ErrorCode.MessageTooLarge, RecordDefect.OutputLimit.Describe()),
                _ => (ErrorCode.CorruptMessage, RecordDefect.CorruptCompression.Describe()),
            };
        }
        catch (NativeLibraryMissingException e)
        {
            return (ErrorCode.UnsupportedCompressionType, e.Message);
        }
    }
}
