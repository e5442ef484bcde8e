using KBroker.LogEngine.Storage;
using Microsoft.Extensions.Logging;

namespace KBroker.LogEngine.Directories;

/// <summary>Knows how much room a log directory's disk has, as last measured. The level is read without a lock at every append.</summary>
internal sealed partial class DiskSpaceGuard(ILogFileSystem fileSystem, string directory, ILogger logger)
{
    private volatile DiskSpaceLevel _level;

    public DiskSpaceLevel Level => _level;

    /// <summary>Refuses what would make the directory grow while there is no room for it.</summary>
    /// <exception cref="StorageException">As on a full disk: it can pass.</exception>
    public void ThrowIfExhausted(string operation, string what)
    {
        if (_level == DiskSpaceLevel.Exhausted)
            throw new StorageException($"{operation}, with less space free than the second mark of {directory} asks for,", what, StorageException.NoSpaceErrno);
    }

    /// <summary>Measures; true if there is less room than before. A disk that does not tell its room stays at the level it had.</summary>
    public bool Measure(DiskSpaceMarks marks)
    {
        DiskSpaceLevel before = _level;
        long free;
        try
        {
            free = fileSystem.FreeSpace(directory);
            marks = marks.For(fileSystem.TotalSpace(directory));
        }
        catch (StorageException e)
        {
            LogCannotMeasure(logger, directory, e.Message);
            return false;
        }

        DiskSpaceLevel level = marks.Next(before, free);
        if (level == before) return false;
        _level = level;
        switch (level)
        {
            case DiskSpaceLevel.Ample:
                LogAmple(logger, directory, free);
                break;
            case DiskSpaceLevel.Low:
                LogLow(logger, directory, free, marks.LowBytes, DiskSpaceMarks.WayBack(marks.LowBytes));
                break;
            default:
                LogExhausted(logger, directory, free, marks.MinBytes, DiskSpaceMarks.WayBack(marks.MinBytes));
                break;
        }

        return level > before;
    }

    [LoggerMessage(2111, LogLevel.Information, "{Directory}: {Free} bytes are free again, and all writes are taken")]
    private static partial void LogAmple(ILogger logger, string directory, long free);

    [LoggerMessage(2112, LogLevel.Error,
        "{Directory}: {Free} bytes are free, which is low (first mark {Mark}). Until {Back} are, what clients produce to its partitions is refused with KAFKA_STORAGE_ERROR. Delete records or topics, shorten their retention, or give the disk more room")]
    private static partial void LogLow(ILogger logger, string directory, long free, long mark, long back);

    [LoggerMessage(2113, LogLevel.Error,
        "{Directory}: {Free} bytes are free, below the second mark of {Mark}. Until {Back} are, nothing is appended, made or compacted there; reads and deletions go on. Delete records or topics, or give the disk more room")]
    private static partial void LogExhausted(ILogger logger, string directory, long free, long mark, long back);

    [LoggerMessage(2114, LogLevel.Debug, "{Directory}: how much space is free cannot be told: {Reason}")]
    private static partial void LogCannotMeasure(ILogger logger, string directory, string reason);
}
