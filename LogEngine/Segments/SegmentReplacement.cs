using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Segments;

/// <summary>
/// The change of names by which one segment takes the place of several; every method under the log's gate. A reader that looks at an
/// old segment finds its bytes under their new name. The directory is flushed between the steps, so that no step is on the disk
/// before the one before it.
/// </summary>
internal sealed class SegmentReplacement(LogSegment[] old, LogSegment fresh)
{
    private bool _published;

    public LogSegment[] Old => old;

    public LogSegment Fresh => fresh;

    /// <summary><c>.cleaned</c> becomes <c>.swap</c>.</summary>
    public void Begin() => fresh.MoveTo(SegmentFileNames.Swap);

    /// <summary>The old segments become <c>.deleted</c>; returns the paths of their files.</summary>
    public List<string> SetOldAside()
    {
        var deleted = new List<string>();
        int moved = 0;
        try
        {
            for (; moved < old.Length; moved++) deleted.AddRange(old[moved].MoveTo(SegmentFileNames.Deleted));
        }
        catch (StorageException)
        {
            while (--moved >= 0) old[moved].MoveTo("");
            throw;
        }

        _published = true;
        return deleted;
    }

    /// <summary><c>.swap</c> is taken off; or, while the old segments are in place, the fresh one counts for nothing again.</summary>
    public void Settle(ILogFileSystem fileSystem, string directory)
    {
        if (_published)
        {
            fresh.MoveTo("");
            return;
        }

        // One .cleaned file makes the start ignore the others, so that they can go in any order once it is on the disk.
        fresh.File.Rename(SegmentFileNames.For(directory, fresh.BaseOffset, SegmentFileNames.Log, SegmentFileNames.Cleaned));
        fileSystem.FlushDirectory(directory);
        fresh.DeleteIndexes(fileSystem);
        fileSystem.FlushDirectory(directory);
        fileSystem.DeleteFile(fresh.File.Path);
    }
}
