using System.Buffers.Binary;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Cli.Client;

/// <summary>Takes a record; returns whether it wants more.</summary>
/// <param name="batch">The batch's header: timestamp type, leader epoch.</param>
/// <param name="record">The record, valid during the call.</param>
public delegate bool RecordHandler(in RecordBatchInfo batch, Record record);

/// <summary>Turns fetched batches into records: decompressed, without control records, without what is not asked for.</summary>
public sealed class RecordDecoder : IDisposable
{
    private const short AbortMarker = 0;

    private readonly CompressionCodecs _codecs = new();
    private readonly RecordBatchReader _reader;

    /// <summary>Makes a decoder; <paramref name="checkCrcs"/> is <c>check.crcs</c>.</summary>
    public RecordDecoder(bool checkCrcs = true) => _reader = new RecordBatchReader(_codecs, limits: null, checkCrcs);

    /// <summary>Hands each record to <paramref name="handler"/>; false when it wants no more.</summary>
    /// <exception cref="ClientException">A batch is damaged, or its compression's library is not installed.</exception>
    public bool Decode(FetchedRecords fetched, RecordHandler handler)
    {
        ArgumentNullException.ThrowIfNull(fetched);
        ArgumentNullException.ThrowIfNull(handler);
        var batches = new RecordBatchEnumerator(fetched.Batches.Span);
        while (batches.MoveNext())
        {
            RecordBatchInfo info = batches.Current;
            if (IsLeftOut(fetched, info, batches.CurrentBytes)) continue;
            RecordEnumerator records = _reader.Read(batches.CurrentBytes);
            while (records.MoveNext())
            {
                Record record = records.Current;
                if (record.Offset >= fetched.Position && !handler(info, record)) return false;
            }

            if (records.ErrorCode != ErrorCode.None)
            {
                string what = $"Partition {fetched.Partition} cannot be read at offset {info.BaseOffset}";
                throw ClientException.Of(records.ErrorCode, records.ErrorMessage, what);
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader.Dispose();
        _codecs.Dispose();
    }

    private bool IsLeftOut(FetchedRecords fetched, in RecordBatchInfo info, ReadOnlySpan<byte> bytes)
    {
        if (info.Magic < RecordBatchFormat.CurrentMagic) return false;
        var header = new RecordBatchHeader(bytes);
        if (header.IsControl)
        {
            if (fetched.Aborted is not null && IsAbortMarker(bytes)) fetched.Aborted.End(header.ProducerId);
            return true;
        }

        return fetched.Aborted?.Covers(header.ProducerId, header.LastOffset, header.IsTransactional) == true;
    }

    private bool IsAbortMarker(ReadOnlySpan<byte> bytes)
    {
        // The key of a control record is its version and its type, int16 each.
        foreach (Record record in _reader.Read(bytes))
            return record.Key.Length >= 4 && BinaryPrimitives.ReadInt16BigEndian(record.Key[2..]) == AbortMarker;
        return false;
    }
}
