using System.Buffers.Binary;
using KBroker.LogEngine.Epochs;
using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using Microsoft.Extensions.Logging;

namespace KBroker.LogEngine.Recovery;

/// <summary>What the checkpoints of the log directory say of a partition.</summary>
/// <param name="CleanShutdown">Whether the log was closed in order.</param>
/// <param name="RecoveryPoint">Everything below is on the disk; null when nobody knows, as the checkpoint is lost.</param>
/// <param name="LogStartOffset">Where the log starts, unless its first segment says later.</param>
/// <param name="CleanedEnd">Everything below was flushed and compacted; -1 for nothing.</param>
internal readonly record struct CheckpointedOffsets(bool CleanShutdown, long? RecoveryPoint, long LogStartOffset, long CleanedEnd = -1);

/// <summary>
/// Opens a partition's directory. After a clean shutdown the last segment is looked at and nothing else; otherwise the segment
/// that holds the recovery point and all later ones are checked batch by batch, and the log ends before the first invalid one.
/// </summary>
internal sealed partial class LogLoader(LogEnvironment environment, string directory, LogConfig config)
{
    private readonly ILogFileSystem _fileSystem = environment.FileSystem;

    public LoadedLog Load(CheckpointedOffsets checkpoint)
    {
        // First: where it cannot be told whose data this is, nothing is changed.
        Guid topicId = PartitionMetadataFile.TryRead(_fileSystem, directory);
        bool wasCut = !checkpoint.CleanShutdown && CutMark.IsThere(_fileSystem, directory);
        if (!checkpoint.CleanShutdown) CutMark.Set(_fileSystem, directory);
        LeftoverFiles.Settle(_fileSystem, directory);
        List<LogSegment> segments = OpenSegments();
        LeaderEpochCache epochs = LoadEpochs(segments);
        var producers = new ProducerLoader(environment, directory);
        long logStart = Math.Max(checkpoint.LogStartOffset, 0);
        if (segments.Count > 0)
        {
            if (checkpoint.CleanShutdown) CheckEnd(segments, epochs, producers);
            else Recover(segments, checkpoint, logStart, epochs, producers);
            // With remote storage the checkpoint alone knows what lies before the first segment.
            if (!config.RemoteStorage) logStart = Math.Max(logStart, segments[0].BaseOffset);
            if (segments[^1].EndOffset < logStart)
            {
                LogEndBelowStart(environment.Logger, directory, segments[^1].EndOffset, logStart);
                Drop(segments, 0);
                producers.StartOver();
            }
        }

        if (wasCut) FlushEnd(segments);
        if (!checkpoint.CleanShutdown) CutMark.Take(_fileSystem, directory);
        bool fresh = segments.Count == 0;
        if (fresh) segments.Add(LogSegment.Create(environment, directory, logStart, config));
        long logEnd = segments[^1].EndOffset;
        epochs.TruncateFromEnd(logEnd);
        epochs.TruncateFromStart(logStart);
        long recoveryPoint = checkpoint.CleanShutdown ? logEnd : Math.Clamp(checkpoint.RecoveryPoint ?? 0, 0, logEnd);
        // Names made before an unclean stop may not be on the disk either.
        bool namesDirty = fresh || !checkpoint.CleanShutdown;
        var store = new SegmentStore(environment, directory, [.. segments]);
        if (namesDirty) store.MarkNamesDirty();
        var logProducers = new LogProducers(environment, store, producers.Finish(segments, logEnd), producers.Snapshots);
        return new LoadedLog(store, epochs, topicId, logStart, logEnd, recoveryPoint, logProducers);
    }

    private List<LogSegment> OpenSegments()
    {
        IReadOnlyList<LogFileEntry> entries = _fileSystem.List(directory);
        var sizes = new SortedDictionary<long, long>();
        var indexSizes = new Dictionary<string, long>();
        foreach (LogFileEntry entry in entries)
        {
            if (!SegmentFileNames.TryParse(entry.Name, out long offset, out ReadOnlySpan<char> suffix)) continue;
            if (entry.IsLink) throw new StorageException("open", Path.Combine(directory, entry.Name), "a symbolic link, which is not followed");
            if (suffix.SequenceEqual(SegmentFileNames.Log)) sizes[offset] = entry.Length;
            else indexSizes[entry.Name] = entry.Length;
        }

        RemoveEmpty(sizes);
        RemoveOrphans(entries, sizes);
        var segments = new List<LogSegment>(sizes.Count);
        long[] offsets = [.. sizes.Keys];
        for (int i = 0; i < offsets.Length; i++)
        {
            if (sizes[offsets[i]] > int.MaxValue)
                throw new StorageException("open", SegmentFileNames.For(directory, offsets[i], SegmentFileNames.Log), "larger than 2 GiB");
            long end = i + 1 < offsets.Length ? offsets[i + 1] : offsets[i];
            bool wasSealed = i + 1 < offsets.Length;
            LogSegment segment = LogSegment.Open(environment, directory, offsets[i], (int)sizes[offsets[i]], end, config, wasSealed);
            segments.Add(segment);
            if (!wasSealed || IndexFits(segment.Offsets.Path, 8) && IndexFits(segment.Times.Path, 12)) continue;
            LogIndexRebuilt(environment.Logger, segment.File.Path);
            IndexRebuild.Run(segment, config.IndexIntervalBytes, seal: true);
        }

        return segments;

        bool IndexFits(string path, int entrySize) =>
            indexSizes.TryGetValue(Path.GetFileName(path), out long size) && size % entrySize == 0;
    }

    /// <summary>
    /// An empty file between others is what a failed roll left: it holds nothing, and its name says nothing of the others. An empty
    /// first one stays: the log may start there.
    /// </summary>
    private void RemoveEmpty(SortedDictionary<long, long> sizes)
    {
        foreach (long offset in sizes.Keys.Skip(1).SkipLast(1).Where(offset => sizes[offset] == 0).ToList())
        {
            string path = SegmentFileNames.For(directory, offset, SegmentFileNames.Log);
            LogEmptyRemoved(environment.Logger, path);
            _fileSystem.DeleteFile(path);
            sizes.Remove(offset);
        }
    }

    private void RemoveOrphans(IReadOnlyList<LogFileEntry> entries, SortedDictionary<long, long> sizes)
    {
        foreach (LogFileEntry entry in entries)
        {
            if (!SegmentFileNames.TryParse(entry.Name, out long offset, out ReadOnlySpan<char> suffix) || sizes.ContainsKey(offset)) continue;
            if (suffix is SegmentFileNames.OffsetIndex or SegmentFileNames.TimeIndex or SegmentFileNames.TransactionIndex)
                _fileSystem.DeleteFile(Path.Combine(directory, entry.Name));
        }
    }

    private LeaderEpochCache LoadEpochs(List<LogSegment> segments)
    {
        if (LeaderEpochCheckpoint.TryRead(_fileSystem, directory) is { } entries) return new LeaderEpochCache(_fileSystem, directory, entries);
        var epochs = new LeaderEpochCache(_fileSystem, directory, []);
        if (!segments.Exists(segment => segment.Size > 0)) return epochs;
        LogEpochsRebuilt(environment.Logger, directory);
        foreach (LogSegment segment in segments)
        {
            ILogFile file = segment.Acquire();
            var scanner = new BatchScanner(file, 0, segment.Size);
            while (scanner.MoveNext() == ScanStatus.Found)
            {
                if (scanner.Header.LeaderEpoch > (epochs.Latest ?? -1)) epochs.Assign(scanner.Header.LeaderEpoch, scanner.Header.BaseOffset);
            }

            scanner.Dispose();
            segment.File.Release();
        }

        return epochs;
    }

    /// <summary>Finds the end of a log that was closed in order; if its batches do not fill the file, it was not.</summary>
    private void CheckEnd(List<LogSegment> segments, LeaderEpochCache epochs, ProducerLoader producers)
    {
        SettleEmptyEnd(segments);
        LogSegment last = segments[^1];
        try
        {
            last.EnsureIndexes();
            if (last.TryNoteTail(config.IndexIntervalBytes)) return;
        }
        catch (CorruptIndexException)
        {
            LogIndexRebuilt(environment.Logger, last.File.Path);
        }

        RecoverFrom(segments, segments.Count - 1, long.MaxValue, epochs, producers);
    }

    /// <summary>
    /// An empty last file is where the log ends; but if records of the segment before it reach beyond its name, it is what a failed
    /// roll left.
    /// </summary>
    private void SettleEmptyEnd(List<LogSegment> segments)
    {
        if (segments.Count < 2 || segments[^1].Size > 0) return;
        LogSegment before = segments[^2];
        ILogFile file = before.Acquire();
        var scanner = new BatchScanner(file, LastNotedPosition(before), before.Size);
        long end = before.BaseOffset;
        while (scanner.MoveNext() == ScanStatus.Found && before.CanHold(scanner.Header.LastOffset)) end = Math.Max(end, scanner.Header.NextOffset);
        scanner.Dispose();
        before.File.Release();
        if (end <= segments[^1].BaseOffset) return;
        LogEmptyRemoved(environment.Logger, segments[^1].File.Path);
        Drop(segments, segments.Count - 1);
    }

    /// <summary>
    /// Where the offset index says that its last batch lies, read past the index itself, which stays unloaded; 0 when it says
    /// nothing of use.
    /// </summary>
    private int LastNotedPosition(LogSegment segment)
    {
        if (!_fileSystem.FileExists(segment.Offsets.Path)) return 0;
        using ILogFile file = _fileSystem.Open(segment.Offsets.Path);
        Span<byte> entry = stackalloc byte[OffsetIndex.EntrySize];
        long start = file.Length - entry.Length;
        if (start < 0 || start % entry.Length != 0 || file.Read(entry, start) != entry.Length) return 0;
        int position = BinaryPrimitives.ReadInt32BigEndian(entry[sizeof(int)..]);
        return position >= 0 && position < segment.Size ? position : 0;
    }

    // A segment that ended exactly at the recovery point was written its indexes after it: it counts as above.
    // Segments wholly below the log start are on their way out, in whatever order their names went: a gap there says nothing.
    private void Recover(
        List<LogSegment> segments, in CheckpointedOffsets checkpoint, long logStart, LeaderEpochCache epochs, ProducerLoader producers)
    {
        long recoveryPoint = Math.Max(checkpoint.RecoveryPoint ?? 0, 0);
        int byRecoveryPoint = segments.FindLastIndex(segment => segment.BaseOffset < recoveryPoint);
        int byLogStart = segments.FindLastIndex(segment => segment.BaseOffset <= logStart);
        int first = Math.Max(Math.Max(byRecoveryPoint, byLogStart), 0);
        // How far the records before an empty segment reach tells whether it is one of the log.
        if (segments[first].Size == 0) first = Math.Max(first - 1, 0);
        // What lies below the log start and above the recovery point nobody has checked, and nobody will.
        if (byLogStart > Math.Max(byRecoveryPoint, 0)) producers.ReadNothingBelow(segments[first].BaseOffset);
        RecoverFrom(segments, first, Math.Max(checkpoint.RecoveryPoint ?? long.MaxValue, checkpoint.CleanedEnd), epochs, producers);
    }

    private void RecoverFrom(List<LogSegment> segments, int first, long gapsUpTo, LeaderEpochCache epochs, ProducerLoader producers)
    {
        ProducerReplay replay = producers.BeginRecovery(segments, first);
        for (int i = first; i < segments.Count; i++)
        {
            bool last = i == segments.Count - 1;
            EpochEntry next = last ? new EpochEntry(int.MaxValue, long.MaxValue) : FrontOf(segments[i + 1]);
            long cut = SegmentRecovery.Run(segments[i], epochs, replay, config.IndexIntervalBytes, next);
            if (cut > 0) LogCut(environment.Logger, segments[i].File.Path, cut, segments[i].EndOffset);
            if (last) return;
            // Compaction leaves gaps between segments, and its topic may have another policy since. What is known to be on the disk has
            // lost nothing; a segment above that ends early has lost its tail. Where nobody knows, only bytes that had to be cut
            // off tell of a loss: whole segments are not dropped on a guess. One that reaches beyond the next has records that came later than the next one's.
            long end = segments[i].EndOffset;
            bool mayHaveGap = config.Compact || segments[i + 1].BaseOffset <= gapsUpTo;
            if (end > next.StartOffset || (end < next.StartOffset && (cut > 0 || !mayHaveGap)))
            {
                Drop(segments, i + 1);
                return;
            }

            // If the gap is a loss, snapshots behind it tell of batches that are gone.
            if (end < next.StartOffset && next.StartOffset > gapsUpTo) producers.DropSnapshotsAbove(end);
            segments[i].SetEnd(segments[i + 1].BaseOffset, segments[i].Size);
            segments[i].Seal();
        }
    }

    /// <summary>
    /// A process that ended within a cut may have taken files and bytes away in the page cache alone. They must not come back with a
    /// power loss behind or among batches that are appended from here on.
    /// </summary>
    private void FlushEnd(List<LogSegment> segments)
    {
        _fileSystem.FlushDirectory(directory);
        if (segments.Count == 0) return;
        LogSegment last = segments[^1];
        ILogFile file = last.Acquire();
        try
        {
            file.Flush();
        }
        finally
        {
            last.File.Release();
        }
    }

    /// <summary>Where a segment starts and in which epoch; -2, lower than any, when it is empty or holds no batch.</summary>
    private static EpochEntry FrontOf(LogSegment segment)
    {
        ILogFile file = segment.Acquire();
        var scanner = new BatchScanner(file, 0, segment.Size);
        int epoch = scanner.MoveNext() == ScanStatus.Found ? scanner.Header.LeaderEpoch : -2;
        scanner.Dispose();
        segment.File.Release();
        return new EpochEntry(epoch, segment.BaseOffset);
    }

    private void Drop(List<LogSegment> segments, int from)
    {
        LogDropped(environment.Logger, segments[from].File.Path);
        for (int i = segments.Count - 1; i >= from; i--)
        {
            segments[i].Release();
            foreach (string suffix in SegmentFileNames.AllSuffixes)
                _fileSystem.DeleteFile(SegmentFileNames.For(directory, segments[i].BaseOffset, suffix));
        }

        segments.RemoveRange(from, segments.Count - from);
        _fileSystem.FlushDirectory(directory);
    }

    [LoggerMessage(2001, LogLevel.Warning, "{File}: {Bytes} bytes behind the last valid batch are cut off; the segment ends at offset {EndOffset}")]
    private static partial void LogCut(ILogger logger, string file, long bytes, long endOffset);

    [LoggerMessage(2002, LogLevel.Warning, "{File}: an index is missing or does not fit, and is made anew")]
    private static partial void LogIndexRebuilt(ILogger logger, string file);

    [LoggerMessage(2003, LogLevel.Warning, "{Directory}: leader-epoch-checkpoint is missing or unreadable, and is made anew from the batches")]
    private static partial void LogEpochsRebuilt(ILogger logger, string directory);

    [LoggerMessage(2006, LogLevel.Warning, "{File}: this segment and all after it do not continue the log, and are deleted")]
    private static partial void LogDropped(ILogger logger, string file);

    [LoggerMessage(2005, LogLevel.Warning, "{File} is empty and within the records of others; it is deleted")]
    private static partial void LogEmptyRemoved(ILogger logger, string file);

    [LoggerMessage(2004, LogLevel.Warning, "{Directory}: the log ends at {LogEnd}, below its start {LogStart}; it starts over there")]
    private static partial void LogEndBelowStart(ILogger logger, string directory, long logEnd, long logStart);
}
