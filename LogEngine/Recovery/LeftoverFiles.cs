using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Recovery;

/// <summary>
/// Settles what a crash left in a partition's directory. Deleted and half-written files go. A <c>.swap</c> file is the complete
/// result of a compaction or a split whose inputs may be gone: unless a <c>.cleaned</c> file at or below it shows that its group was
/// not complete, it replaces the segments whose offsets it covers.
/// </summary>
internal static class LeftoverFiles
{
    public static void Settle(ILogFileSystem fileSystem, string directory)
    {
        List<string> names = [.. fileSystem.List(directory).Where(entry => !entry.IsDirectory).Select(entry => entry.Name)];
        long firstUnfinished = long.MaxValue;
        foreach (string name in names)
        {
            if (name.EndsWith(SegmentFileNames.Cleaned, StringComparison.Ordinal) && SegmentFileNames.TryParse(name, out long offset, out _))
                firstUnfinished = Math.Min(firstUnfinished, offset);
        }

        List<string> swaps = [];
        bool refused = false;
        foreach (string name in names.Where(name => name.EndsWith(SegmentFileNames.Swap, StringComparison.Ordinal)))
        {
            if (SegmentFileNames.TryParse(name, out long offset, out _) && offset < firstUnfinished)
            {
                swaps.Add(name);
                continue;
            }

            fileSystem.DeleteFile(Path.Combine(directory, name));
            refused = true;
        }

        // A start that finds these files and not the .cleaned one believes them: they are gone for good before that one goes.
        if (refused) fileSystem.FlushDirectory(directory);
        foreach (string name in names.Where(IsDebris)) fileSystem.DeleteFile(Path.Combine(directory, name));
        if (swaps.Count > 0) CompleteSwap(fileSystem, directory, names, swaps);
    }

    private static bool IsDebris(string name) =>
        name.EndsWith(SegmentFileNames.Deleted, StringComparison.Ordinal)
        || name.EndsWith(SegmentFileNames.Cleaned, StringComparison.Ordinal)
        || name.EndsWith(AtomicTextFile.TemporarySuffix, StringComparison.Ordinal);

    private static void CompleteSwap(ILogFileSystem fileSystem, string directory, List<string> names, List<string> swaps)
    {
        long first = long.MaxValue;
        long end = long.MinValue;
        foreach (string name in swaps)
        {
            _ = SegmentFileNames.TryParse(name, out long offset, out ReadOnlySpan<char> suffix);
            if (!suffix.SequenceEqual(SegmentFileNames.Log + SegmentFileNames.Swap)) continue;
            first = Math.Min(first, offset);
            end = Math.Max(end, EndOf(fileSystem, Path.Combine(directory, name), offset));
        }

        bool removed = false;
        foreach (string name in names)
        {
            // The segments that the swap replaces; what the swap renames over goes by the rename itself.
            if (SegmentFileNames.TryParse(name, out long offset, out ReadOnlySpan<char> suffix) && suffix.SequenceEqual(SegmentFileNames.Log)
                && offset >= first && offset < end && !swaps.Contains(name + SegmentFileNames.Swap))
            {
                RemoveSegment(fileSystem, directory, offset);
                removed = true;
            }
        }

        // Not before they are gone for good may the file that says so lose its suffix.
        if (removed) fileSystem.FlushDirectory(directory);

        foreach (string name in swaps)
        {
            string path = Path.Combine(directory, name);
            fileSystem.Rename(path, path[..^SegmentFileNames.Swap.Length]);
        }

        fileSystem.FlushDirectory(directory);
    }

    private static void RemoveSegment(ILogFileSystem fileSystem, string directory, long offset)
    {
        foreach (string suffix in SegmentFileNames.AllSuffixes) fileSystem.DeleteFile(SegmentFileNames.For(directory, offset, suffix));
    }

    private static long EndOf(ILogFileSystem fileSystem, string path, long baseOffset)
    {
        using ILogFile file = fileSystem.Open(path);
        using var scanner = new BatchScanner(file, 0, (int)Math.Min(file.Length, int.MaxValue));
        long end = baseOffset;
        while (scanner.MoveNext() == ScanStatus.Found) end = scanner.Header.NextOffset;
        return end;
    }
}
