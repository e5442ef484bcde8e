using System.Buffers.Binary;

namespace KBroker.TestKit.Golden;

/// <summary>A segment with its indexes, held against its batches.</summary>
internal sealed class KafkaSegment
{
    private const int OffsetEntry = 8;
    private const int TimeEntry = 12;
    private const int AbortedEntry = 34;

    private readonly string _path;
    private readonly List<KafkaBatch> _batches;

    private KafkaSegment(string path, long baseOffset, List<KafkaBatch> batches)
    {
        _path = path;
        BaseOffset = baseOffset;
        _batches = batches;
    }

    public long BaseOffset { get; }

    public string LogFile => _path + ".log";

    public string AbortedFile => _path + ".txnindex";

    public IReadOnlyList<KafkaBatch> Batches => _batches;

    public IReadOnlyList<KafkaAborted> Aborted { get; private set; } = [];

    /// <summary>The offset after the last batch's; the base offset of an empty segment.</summary>
    public long EndOffset => _batches.Count == 0 ? BaseOffset : _batches[^1].LastOffset + 1;

    /// <param name="files">The log directory.</param>
    /// <param name="path">The files' path without their suffix.</param>
    /// <param name="baseOffset">What the name says.</param>
    /// <param name="nextOffset">The base offset of the next segment; null for the last.</param>
    public static KafkaSegment Read(KafkaFiles files, string path, long baseOffset, long? nextOffset)
    {
        var segment = new KafkaSegment(path, baseOffset, KafkaBatch.ReadAll(path + ".log", files.Find(path + ".log")!));
        segment.CheckOffsets(nextOffset);
        segment.CheckOffsetIndex(files);
        segment.CheckTimeIndex(files);
        segment.ReadAborted(files, nextOffset);
        return segment;
    }

    private void CheckOffsets(long? nextOffset)
    {
        long end = BaseOffset;
        foreach (KafkaBatch batch in _batches)
        {
            KafkaRefusesException.If(batch.BaseOffset < end, LogFile, $"the batch at {batch.Position} begins with offset {batch.BaseOffset}, below {end}");
            end = batch.LastOffset + 1;
        }

        KafkaRefusesException.If(end - BaseOffset > 1L << 31, LogFile, $"offset {end - 1} does not fit an index entry");
        KafkaRefusesException.If(end > nextOffset, LogFile, $"it ends at offset {end}, behind the start of the next, {nextOffset}");
    }

    private void CheckOffsetIndex(KafkaFiles files)
    {
        string file = _path + ".index";
        byte[] index = files.Find(file) ?? throw new KafkaRefusesException(file, "missing: the segment would be recovered");
        KafkaRefusesException.If(index.Length % OffsetEntry != 0, file, $"{index.Length} bytes are no whole number of entries");
        long lastOffset = BaseOffset - 1;
        int lastPosition = -1;
        for (int at = 0; at < index.Length; at += OffsetEntry)
        {
            long offset = BaseOffset + BinaryPrimitives.ReadInt32BigEndian(index.AsSpan(at));
            int position = BinaryPrimitives.ReadInt32BigEndian(index.AsSpan(at + 4));
            KafkaRefusesException.If(offset <= lastOffset, file, $"entry {at / OffsetEntry}: offset {offset} does not follow {lastOffset}");
            KafkaRefusesException.If(position <= lastPosition, file, $"entry {at / OffsetEntry}: position {position} does not follow {lastPosition}");
            // An entry is for an append, of one batch or more: where it begins and its last offset.
            int first = _batches.FindIndex(batch => batch.Position == position);
            KafkaRefusesException.If(first < 0, file, $"entry {at / OffsetEntry}: no batch begins at {position}");
            KafkaRefusesException.If(_batches.FindIndex(batch => batch.LastOffset == offset) < first, file, $"entry {at / OffsetEntry}: no batch from {position} on ends with offset {offset}");
            KafkaRefusesException.If(lastPosition >= 0 && _batches[first].BaseOffset <= lastOffset, file, $"entry {at / OffsetEntry}: the entry before it covers its batch");
            (lastOffset, lastPosition) = (offset, position);
        }
    }

    private void CheckTimeIndex(KafkaFiles files)
    {
        string file = _path + ".timeindex";
        byte[] index = files.Find(file) ?? throw new KafkaRefusesException(file, "missing: the segment would be recovered");
        KafkaRefusesException.If(index.Length % TimeEntry != 0, file, $"{index.Length} bytes are no whole number of entries");
        long lastTimestamp = -1;
        long lastOffset = BaseOffset;
        int seen = 0;
        long largest = -1;
        for (int at = 0; at < index.Length; at += TimeEntry)
        {
            long timestamp = BinaryPrimitives.ReadInt64BigEndian(index.AsSpan(at));
            long offset = BaseOffset + BinaryPrimitives.ReadInt32BigEndian(index.AsSpan(at + 8));
            KafkaRefusesException.If(timestamp <= lastTimestamp, file, $"entry {at / TimeEntry}: timestamp {timestamp} does not follow {lastTimestamp}");
            KafkaRefusesException.If(offset < lastOffset || offset >= EndOffset, file, $"entry {at / TimeEntry}: offset {offset} after {lastOffset} in a segment that ends at {EndOffset}");
            for (; seen < _batches.Count && _batches[seen].LastOffset <= offset; seen++) largest = Math.Max(largest, _batches[seen].MaxTimestamp);
            KafkaRefusesException.If(largest != timestamp, file, $"entry {at / TimeEntry}: the largest timestamp up to offset {offset} is {largest}, not {timestamp}");
            (lastTimestamp, lastOffset) = (timestamp, offset);
        }

        long ofAll = _batches.Select(batch => batch.MaxTimestamp).DefaultIfEmpty(-1).Max();
        KafkaRefusesException.If(lastTimestamp != ofAll, file, $"the last entry has the timestamp {lastTimestamp}, the largest of the segment is {ofAll}");
    }

    private void ReadAborted(KafkaFiles files, long? nextOffset)
    {
        if (files.Find(AbortedFile) is not { } index) return;
        KafkaRefusesException.If(index.Length % AbortedEntry != 0, AbortedFile, $"{index.Length} bytes are no whole number of entries");
        var aborted = new List<KafkaAborted>();
        long last = BaseOffset - 1;
        for (int at = 0; at < index.Length; at += AbortedEntry)
        {
            ReadOnlySpan<byte> bytes = index.AsSpan(at, AbortedEntry);
            short version = BinaryPrimitives.ReadInt16BigEndian(bytes);
            KafkaRefusesException.If(version != 0, AbortedFile, $"entry {at / AbortedEntry}: version {version} is unknown");
            var entry = new KafkaAborted(
                BinaryPrimitives.ReadInt64BigEndian(bytes[2..]),
                BinaryPrimitives.ReadInt64BigEndian(bytes[10..]),
                BinaryPrimitives.ReadInt64BigEndian(bytes[18..]),
                BinaryPrimitives.ReadInt64BigEndian(bytes[26..]));
            KafkaRefusesException.If(entry.LastOffset <= last, AbortedFile, $"entry {at / AbortedEntry}: last offset {entry.LastOffset} does not follow {last}");
            KafkaRefusesException.If(entry.LastOffset >= (nextOffset ?? EndOffset), AbortedFile, $"entry {at / AbortedEntry}: last offset {entry.LastOffset} is not one of the segment");
            KafkaRefusesException.If(
                entry.ProducerId < 0 || entry.FirstOffset < 0 || entry.FirstOffset > entry.LastOffset || entry.LastStableOffset > entry.LastOffset + 1,
                AbortedFile, $"entry {at / AbortedEntry}: {entry} is no transaction");
            last = entry.LastOffset;
            aborted.Add(entry);
        }

        Aborted = aborted;
    }
}
