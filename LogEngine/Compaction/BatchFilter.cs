using KBroker.LogEngine.Segments;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Compaction;

/// <summary>What a cleaning knows of its log before the first batch is filtered. Times are milliseconds since the epoch.</summary>
/// <param name="NowMs">When the cleaning began.</param>
/// <param name="DeleteRetentionMs"><c>delete.retention.ms</c>.</param>
/// <param name="MappedEnd">Records from here on (offset) are not in the map and stay.</param>
/// <param name="Producers">What has to stay of each producer, by its id.</param>
internal sealed record FilterRules(
    long NowMs, long DeleteRetentionMs, long MappedEnd, IReadOnlyDictionary<long, ProducerMark> Producers)
{
    /// <summary>From when on tombstones and markers that are seen now may go, milliseconds; a retention without end never lets them.</summary>
    public long HorizonMs => DeleteRetentionMs > long.MaxValue - NowMs ? long.MaxValue : NowMs + DeleteRetentionMs;
}

/// <summary>
/// Decides batch by batch what survives, by Kafka's rules: the last record of each key; a tombstone until its batch's delete horizon
/// (KIP-534), which its first cleaning sets; no record of an aborted transaction; a marker until its transaction's data is gone and
/// the horizon has passed. A batch that survives whole is copied byte for byte. One that loses records keeps its offsets, its
/// producer's fields and its compression. Belongs to one thread.
/// </summary>
internal sealed class BatchFilter(OffsetMap map, TransactionFates fates, FilterRules rules, CompressionCodecs codecs) : IDisposable
{
    private readonly RecordBatchReader _reader = new(codecs, CleaningLimits.Decompression);
    private readonly RecordBatchBuilder _builder = new(new RecordBatchOptions(), codecs);
    private readonly List<bool> _keep = [];

    public CleaningCounts Counts { get; } = new();

    /// <summary>
    /// Adds to <paramref name="output"/> what is left of a whole batch. With <paramref name="keepEmpty"/> a batch without records
    /// is left where otherwise none would be. <paramref name="keepLegacyTombstones"/> counts for magic 0 and 1, which have no horizon.
    /// </summary>
    /// <exception cref="UncleanableLogException">The batch cannot be read.</exception>
    public void Filter(ReadOnlySpan<byte> batch, bool keepEmpty, bool keepLegacyTombstones, PooledBufferWriter output)
    {
        Counts.BatchesRead++;
        if (batch[RecordBatchFormat.MagicOffset] < RecordBatchFormat.CurrentMagic)
        {
            FilterLegacy(batch, keepEmpty, keepLegacyTombstones, output);
            return;
        }

        var header = new RecordBatchHeader(batch);
        RecordEnumerator records = default;
        bool isEmptied;
        bool endsNothing = false;
        if (header.IsControl)
        {
            records = Read(batch);
            endsNothing = fates.OnControl(header, FirstKey(records));
            isEmptied = endsNothing && header.HasDeleteHorizon && header.BaseTimestamp <= rules.NowMs;
        }
        else
        {
            isEmptied = fates.OnBatch(header);
        }

        if (isEmptied)
        {
            Counts.RecordsRead += header.RecordCount;
            if (keepEmpty || IsTail(header)) WriteEmpty(header, output);
            return;
        }

        // Nothing in it is in the map, and its horizon is set when its records are compacted.
        if (!header.IsControl && header.BaseOffset >= rules.MappedEnd)
        {
            if (!header.IsCrcValid) throw new UncleanableLogException($"the batch at offset {header.BaseOffset} is damaged: its CRC is wrong");
            Counts.RecordsRead += header.RecordCount;
            Counts.RecordsKept += header.RecordCount;
            Copy(batch, output);
            return;
        }

        if (!header.IsControl) records = Read(batch);
        bool isExpired = header.HasDeleteHorizon && header.BaseTimestamp <= rules.NowMs;
        int kept = Choose(records, header.IsControl, !isExpired, out bool hasTombstone);
        // Its time does not run for a tombstone before the records go that it deletes.
        bool setHorizon = !header.HasDeleteHorizon && (header.IsControl ? endsNothing : hasTombstone && header.LastOffset < rules.MappedEnd);
        if (kept == 0)
        {
            if (keepEmpty || IsTail(header)) WriteEmpty(header, output);
        }
        else if (kept == _keep.Count && !setHorizon)
        {
            Copy(batch, output);
        }
        else
        {
            Rewrite(header, records, setHorizon, output);
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _builder.Dispose();
    }

    private void FilterLegacy(ReadOnlySpan<byte> batch, bool keepEmpty, bool keepTombstones, PooledBufferWriter output)
    {
        RecordEnumerator records = Read(batch);
        int kept = Choose(records, isControl: false, keepTombstones, out _);
        if (kept == _keep.Count)
        {
            Copy(batch, output);
            return;
        }

        if (kept == 0 && !keepEmpty) return;
        if (!BatchHeader.TryParse(batch, out BatchHeader header)) throw new ArgumentException("not a batch", nameof(batch));
        var attributes = new RecordBatchAttributes((short)(header.Attributes & LegacyMessageFormat.AttributesMask));
        // What has to be written anew is written in the current format: magic 0 and 1 have no batch that lost a record.
        _builder.Reset(new RecordBatchOptions
        {
            BaseOffset = kept == 0 ? header.LastOffset : FirstKept(records),
            LastOffset = header.LastOffset,
            CompressionType = kept == 0 ? CompressionType.None : attributes.CompressionType,
            TimestampType = attributes.TimestampType,
            MaxTimestamp = kept == 0 || attributes.TimestampType == TimestampType.LogAppendTime ? header.MaxTimestamp : null,
        });
        AppendKept(records);
        Written(output);
    }

    /// <summary>Fills <see cref="_keep"/>; returns how many stay.</summary>
    private int Choose(RecordEnumerator records, bool isControl, bool keepTombstones, out bool hasTombstone)
    {
        _keep.Clear();
        hasTombstone = false;
        int kept = 0;
        while (records.MoveNext())
        {
            Record record = records.Current;
            bool keep = isControl || Survives(record, keepTombstones);
            _keep.Add(keep);
            if (!keep) continue;
            kept++;
            hasTombstone |= !record.HasValue;
        }

        ThrowIfDamaged(records);
        Counts.RecordsRead += _keep.Count;
        Counts.RecordsKept += kept;
        return kept;
    }

    private bool Survives(Record record, bool keepTombstones)
    {
        if (record.Offset >= rules.MappedEnd) return true;
        if (!record.HasKey)
        {
            Counts.RecordsWithoutKey++;
            return false;
        }

        return record.Offset >= map.Get(record.Key) && (record.HasValue || keepTombstones);
    }

    private bool IsTail(RecordBatchHeader batch)
    {
        if (!batch.HasProducerId || !rules.Producers.TryGetValue(batch.ProducerId, out ProducerMark tail)) return false;
        return tail.LastOffset >= 0
            ? batch.LastOffset == tail.LastOffset
            : batch.IsControl && batch.ProducerEpoch == tail.Epoch;
    }

    private void Rewrite(RecordBatchHeader header, RecordEnumerator records, bool setHorizon, PooledBufferWriter output)
    {
        _builder.Reset(Options(header) with
        {
            CompressionType = header.CompressionType,
            MaxTimestamp = header.TimestampType == TimestampType.LogAppendTime ? header.MaxTimestamp : null,
            DeleteHorizonMs = setHorizon ? rules.HorizonMs : header.HasDeleteHorizon ? header.BaseTimestamp : null,
        });
        AppendKept(records);
        Written(output);
    }

    private void WriteEmpty(RecordBatchHeader header, PooledBufferWriter output)
    {
        _builder.Reset(Options(header) with { MaxTimestamp = header.MaxTimestamp });
        Written(output);
    }

    private static RecordBatchOptions Options(RecordBatchHeader header) => new()
    {
        BaseOffset = header.BaseOffset,
        LastOffset = header.LastOffset,
        PartitionLeaderEpoch = header.PartitionLeaderEpoch,
        TimestampType = header.TimestampType,
        ProducerId = header.ProducerId,
        ProducerEpoch = header.ProducerEpoch,
        BaseSequence = header.BaseSequence,
        IsTransactional = header.IsTransactional,
        IsControl = header.IsControl,
    };

    private void AppendKept(RecordEnumerator records)
    {
        for (int i = 0; i < _keep.Count && records.MoveNext(); i++)
        {
            if (_keep[i]) _builder.Append(records.Current);
        }
    }

    private long FirstKept(RecordEnumerator records)
    {
        for (int i = 0; records.MoveNext(); i++)
        {
            if (_keep[i]) return records.Current.Offset;
        }

        throw new InvalidOperationException("no record is kept");
    }

    private void Copy(ReadOnlySpan<byte> batch, PooledBufferWriter output)
    {
        batch.CopyTo(output.GetSpan(batch.Length));
        output.Advance(batch.Length);
        Counts.BatchesCopied++;
    }

    private void Written(PooledBufferWriter output)
    {
        try
        {
            _builder.WriteTo(output);
            Counts.BatchesRewritten++;
        }
        catch (NativeLibraryMissingException e)
        {
            throw new UncleanableLogException(e.Message);
        }
    }

    private RecordEnumerator Read(ReadOnlySpan<byte> batch)
    {
        RecordEnumerator records = _reader.Read(batch);
        ThrowIfDamaged(records);
        return records;
    }

    private static void ThrowIfDamaged(RecordEnumerator records)
    {
        if (records.ErrorCode != ErrorCode.None)
            throw new UncleanableLogException($"a batch cannot be read ({records.ErrorCode}): {records.ErrorMessage}");
    }

    private static ReadOnlySpan<byte> FirstKey(RecordEnumerator records)
    {
        // The enumerator is a copy: the caller's stays before the first record.
        return records.MoveNext() ? records.Current.Key : default;
    }
}
