using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using Microsoft.Extensions.Logging;

namespace KBroker.LogEngine.Recovery;

/// <summary>
/// Finds the producers of a log that is opened: from its latest good snapshot, and from the batches behind that. Transaction indexes
/// that cannot be right are made anew from the batches.
/// </summary>
internal sealed partial class ProducerLoader(LogEnvironment environment, string directory)
{
    private const string RebuiltSuffix = AtomicTextFile.TemporarySuffix;

    private readonly ILogFileSystem _fileSystem = environment.FileSystem;
    private readonly ProducerStates _states = new(environment.Producers);
    private readonly long _now = environment.Time.GetTimestamp();
    private int _firstRecovered = int.MaxValue;
    private long _readableFrom;

    public ProducerSnapshots Snapshots { get; } = new(environment, directory);

    /// <summary>Batches below the offset may be no batches: of the producers there a snapshot of that very offset tells, or nothing.</summary>
    public void ReadNothingBelow(long offset) => _readableFrom = offset;

    /// <summary>
    /// Before the segments from <paramref name="first"/> on are checked batch by batch: the producers as they were at its start. The
    /// check gives each good batch to what is returned.
    /// </summary>
    public ProducerReplay BeginRecovery(List<LogSegment> segments, int first)
    {
        _firstRecovered = first;
        return StatesAt(segments, first, _states, Snapshots);
    }

    /// <summary>Once the segments and the log end are settled: the producers at the log end.</summary>
    public ProducerStates Finish(List<LogSegment> segments, long logEnd)
    {
        CheckIndexes(segments);
        if (_firstRecovered == int.MaxValue)
        {
            // A log that was closed in order and has no snapshot is older than snapshots, or lost them: what producers wrote lately is
            // read from the last segment, and the others are not gone through for it.
            var tail = new ProducerTail(segments, environment, isOpen: false);
            if (!Snapshots.Load(_states, tail, segments[0].BaseOffset, logEnd, _now)) _states.Clear(segments[^1].BaseOffset);
            new ProducerReplay(_states, _now).RunTo(segments, logEnd);
        }

        _states.EndOffset = logEnd;
        // Other batches may get to their offsets: they must not come back.
        if (Snapshots.DeleteAbove(logEnd)) _fileSystem.FlushDirectory(directory);
        if (_firstRecovered < segments.Count) Snapshots.SettleAbove(segments[_firstRecovered].BaseOffset);
        Snapshots.DeleteStrays([.. segments.Select(segment => segment.BaseOffset)]);
        return _states;
    }

    /// <summary>While the segments are checked: what lies below is not what it was, and a later start goes by the batches alone.</summary>
    public void DropSnapshotsAbove(long offset)
    {
        if (Snapshots.DeleteAbove(offset)) _fileSystem.FlushDirectory(directory);
    }

    /// <summary>All segments were dropped.</summary>
    public void StartOver()
    {
        _states.Clear(0);
        Snapshots.DeleteAll();
    }

    private ProducerReplay StatesAt(List<LogSegment> segments, int first, ProducerStates states, ProducerSnapshots snapshots)
    {
        long start = segments[first].BaseOffset;
        List<LogSegment> before = segments[..first].FindAll(segment => segment.BaseOffset >= _readableFrom);
        long from = before.Count == 0 ? start : before[0].BaseOffset;
        snapshots.Load(states, new ProducerTail(before, environment, isOpen: false), from, start, _now);
        var replay = new ProducerReplay(states, _now);
        replay.RunTo(before, start);
        return replay;
    }

    private void CheckIndexes(List<LogSegment> segments)
    {
        HashSet<long> indexed = [];
        foreach (LogFileEntry entry in _fileSystem.List(directory))
        {
            if (SegmentFileNames.TryParse(entry.Name, out long offset, out ReadOnlySpan<char> suffix) && suffix is SegmentFileNames.TransactionIndex)
                indexed.Add(offset);
        }

        for (int i = 0; i < segments.Count && i < _firstRecovered && indexed.Count > 0; i++)
        {
            if (!indexed.Contains(segments[i].BaseOffset) || segments[i].Transactions.TryLoad(segments[i].EndOffset)) continue;
            LogIndexRebuilt(environment.Logger, segments[i].Transactions.Path);
            RebuildIndex(segments, i);
        }
    }

    private void RebuildIndex(List<LogSegment> segments, int at)
    {
        LogSegment segment = segments[at];
        string path = segment.Transactions.Path;
        var rebuilt = new TransactionIndex(_fileSystem, path + RebuiltSuffix, segment.BaseOffset);
        rebuilt.Reset();
        StatesAt(segments, at, new ProducerStates(environment.Producers), new ProducerSnapshots(environment, directory))
            .RunOver(segment, segment.EndOffset, rebuilt);
        if (rebuilt.OpenForFlush() is { } flush)
        {
            using (flush.File) flush.File.Flush();
            _fileSystem.Rename(rebuilt.Path, path);
        }
        else
        {
            _fileSystem.DeleteFile(path);
        }

        _fileSystem.FlushDirectory(directory);
        segment.Transactions.TryLoad(segment.EndOffset);
    }

    [LoggerMessage(2303, LogLevel.Warning, "{File} is not the transaction index of its segment, and is made anew")]
    private static partial void LogIndexRebuilt(ILogger logger, string file);
}
