using System.Buffers;
using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using Microsoft.Extensions.Logging;

namespace KBroker.LogEngine.Producers;

/// <summary>
/// The <c>.snapshot</c> files of a log: the producers as they were at the offset of the name. There is one for each segment's start
/// and one for where the log was last closed. A snapshot only saves reading the batches again: one that is missing or wrong is
/// passed over for an earlier one. One of an offset beyond the log end must not stay, for other batches may get there.
/// </summary>
internal sealed partial class ProducerSnapshots(LogEnvironment environment, string directory) : IFlushedIndex
{
    // A log of the largest number of producers that Kafka could hold in memory stays far below.
    private const long LargestFile = 1 << 30;

    private readonly ILogFileSystem _fileSystem = environment.FileSystem;
    private readonly List<long> _unflushed = [];
    private string _directory = directory;
    private long _latest = -1;
    private int _written;
    private int _flushed;

    public void Relocate(string directory) => _directory = directory;

    /// <summary>
    /// Writes the states at <see cref="ProducerStates.EndOffset"/>, unless that is the snapshot written or loaded last; true if a file
    /// was made. It is on the disk with the log's next flush. A full disk leaves none.
    /// </summary>
    /// <exception cref="StorageException">The disk failed.</exception>
    public bool Write(ProducerStates states)
    {
        long offset = states.EndOffset;
        string path = PathOf(offset);
        if (offset == _latest && _fileSystem.FileExists(path)) return false;
        int size = ProducerSnapshotFormat.SizeOf(states.Count);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            Span<byte> bytes = buffer.AsSpan(0, size);
            ProducerSnapshotFormat.Write(states.All, bytes);
            _fileSystem.DeleteFile(path);
            using (ILogFile file = _fileSystem.CreateNew(path)) file.Write(bytes, 0);
        }
        catch (StorageException e) when (e.MayPass)
        {
            LogNotWritten(environment.Logger, path, e);
            _fileSystem.DeleteFile(path);
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        _latest = offset;
        _unflushed.Add(offset);
        _written++;
        return true;
    }

    /// <summary>
    /// Fills the states from the latest good snapshot between the first segment's start and <paramref name="endOffset"/>; without one
    /// they are empty and end at <paramref name="logStart"/>. True if there was a file at all, good or not. Files that are no
    /// snapshots, or that <paramref name="tail"/> contradicts, go.
    /// </summary>
    public bool Load(ProducerStates states, ProducerTail tail, long logStart, long endOffset, long now)
    {
        bool any = false;
        foreach (long offset in Offsets().Where(offset => offset >= logStart && offset <= endOffset).OrderDescending())
        {
            any = true;
            if (TryRead(offset) is { } producers)
            {
                states.Clear(offset);
                foreach (ProducerState state in producers) states.Restore(state, now);
                _latest = offset;
                if (tail.TryComplete(states))
                {
                    states.Trim();
                    return true;
                }
            }

            LogWrong(environment.Logger, PathOf(offset));
            _fileSystem.DeleteFile(PathOf(offset));
        }

        states.Clear(logStart);
        _latest = -1;
        return any;
    }

    /// <summary>Deletes the snapshots above the log end; true if there were any.</summary>
    public bool DeleteAbove(long endOffset) => Delete(Offsets().Where(offset => offset > endOffset));

    /// <summary>
    /// Deletes the snapshots that belong to no segment, as a start finds them: all but the latest, if that lies behind the last
    /// segment's start.
    /// </summary>
    public void DeleteStrays(IReadOnlyCollection<long> segmentStarts)
    {
        var starts = segmentStarts.ToHashSet();
        long[] strays = [.. Offsets().Where(offset => !starts.Contains(offset)).Order()];
        Delete(strays.Length > 0 && strays[^1] > starts.Max() ? strays.SkipLast(1) : strays);
    }

    /// <summary>
    /// After an unclean stop: those behind <paramref name="offset"/>, where recovery began, may never have been flushed. What a loss of
    /// power spoilt goes, and the others are on the disk with the log's next flush.
    /// </summary>
    public void SettleAbove(long offset)
    {
        foreach (long at in Offsets().Where(at => at > offset).Order())
        {
            if (TryRead(at) is null)
            {
                Delete([at]);
                continue;
            }

            _unflushed.Add(at);
            _written++;
        }
    }

    /// <summary>Deletes all of them: the log starts over.</summary>
    public void DeleteAll() => Delete(Offsets());

    /// <summary>Under the gate: adds what a flush has to bring to the disk, with the names of the directory.</summary>
    public void OpenForFlush(List<IndexFlush> files)
    {
        foreach (long offset in _unflushed)
        {
            // Gone with its segment.
            if (_fileSystem.FileExists(PathOf(offset))) files.Add(new IndexFlush(this, _fileSystem.Open(PathOf(offset)), _written));
        }
    }

    /// <inheritdoc/>
    public void NoteFlushed(int version)
    {
        if (version <= _flushed) return;
        _unflushed.RemoveRange(0, Math.Min(version - _flushed, _unflushed.Count));
        _flushed = version;
    }

    private bool Delete(IEnumerable<long> offsets)
    {
        bool any = false;
        foreach (long offset in offsets)
        {
            _fileSystem.DeleteFile(PathOf(offset));
            if (offset == _latest) _latest = -1;
            any = true;
        }

        return any;
    }

    private List<ProducerState>? TryRead(long offset)
    {
        using ILogFile file = _fileSystem.Open(PathOf(offset));
        if (file.Length is < ProducerSnapshotFormat.HeaderSize or > LargestFile) return null;
        int size = (int)file.Length;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            return file.Read(buffer.AsSpan(0, size), 0) == size ? ProducerSnapshotFormat.TryRead(buffer.AsSpan(0, size), offset) : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private List<long> Offsets()
    {
        var offsets = new List<long>();
        foreach (LogFileEntry entry in _fileSystem.List(_directory))
        {
            if (!entry.IsDirectory && SegmentFileNames.TryParse(entry.Name, out long offset, out ReadOnlySpan<char> suffix)
                && suffix is SegmentFileNames.ProducerSnapshot)
                offsets.Add(offset);
        }

        return offsets;
    }

    private string PathOf(long offset) => SegmentFileNames.For(_directory, offset, SegmentFileNames.ProducerSnapshot);

    [LoggerMessage(2301, LogLevel.Warning, "{File} is not a producer snapshot of its offset; an earlier one and the log are used instead")]
    private static partial void LogWrong(ILogger logger, string file);

    [LoggerMessage(2302, LogLevel.Warning, "{File} could not be written; the next start reads the producers from the log")]
    private static partial void LogNotWritten(ILogger logger, string file, Exception failure);
}
