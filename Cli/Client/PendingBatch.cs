using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Cli.Client;

/// <summary>Records of one partition that travel together.</summary>
internal sealed class PendingBatch : IDisposable
{
    private readonly RecordBatchBuilder _builder;
    private long _nextOffset;

    public PendingBatch(CompressionType compression, CompressionCodecs codecs, long createdAt)
    {
        _builder = new RecordBatchBuilder(new RecordBatchOptions { CompressionType = compression }, codecs);
        CreatedAt = createdAt;
    }

    /// <summary>When it was begun, a timestamp of the producer's clock.</summary>
    public long CreatedAt { get; }

    /// <summary>The bytes that it holds of the producer's memory.</summary>
    public long ReservedBytes { get; private set; }

    public int RecordCount => _builder.RecordCount;

    public int Size => _builder.UncompressedSize;

    public void Append(in ProducerRecord record, long timestamp, long reservedBytes)
    {
        if (record.Headers is { Count: > 0 } headers)
        {
            _builder.AppendAt(_nextOffset, timestamp, record.Key?.ToArray(), record.Value?.ToArray(), headers);
        }
        else
        {
            _builder.Append(new Record
            {
                Offset = _nextOffset,
                Timestamp = timestamp,
                CreateTimestamp = timestamp,
                HasKey = record.Key is not null,
                Key = record.Key.GetValueOrDefault().Span,
                HasValue = record.Value is not null,
                Value = record.Value.GetValueOrDefault().Span,
            });
        }

        _nextOffset++;
        ReservedBytes += reservedBytes;
    }

    /// <summary>The batch as it goes to the broker.</summary>
    /// <exception cref="ClientException">The compression's library is not installed.</exception>
    public byte[] Encode()
    {
        try
        {
            return _builder.ToArray();
        }
        catch (NativeLibraryMissingException e)
        {
            throw new ClientException(Protocol.ErrorCode.UnsupportedCompressionType, e.Message, e);
        }
    }

    public void Dispose() => _builder.Dispose();
}
