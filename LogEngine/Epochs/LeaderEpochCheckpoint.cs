using System.Globalization;
using System.Text;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Epochs;

/// <summary>The <c>leader-epoch-checkpoint</c> file: version 0, a count, then <c>epoch startOffset</c> lines that rise.</summary>
internal static class LeaderEpochCheckpoint
{
    public const string FileName = "leader-epoch-checkpoint";

    public static void Write(ILogFileSystem fileSystem, string directory, ReadOnlySpan<EpochEntry> entries)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"0\n{entries.Length}\n");
        foreach (EpochEntry entry in entries) text.Append(CultureInfo.InvariantCulture, $"{entry.Epoch} {entry.StartOffset}\n");
        AtomicTextFile.Write(fileSystem, Path.Combine(directory, FileName), text.ToString());
    }

    /// <summary>The entries; null when the file is missing or is no such file.</summary>
    public static List<EpochEntry>? TryRead(ILogFileSystem fileSystem, string directory)
    {
        string? text = AtomicTextFile.TryRead(fileSystem, Path.Combine(directory, FileName));
        if (text is null) return null;
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (lines.Length < 2 || lines[0] != "0" || lines[1] != (lines.Length - 2).ToString(CultureInfo.InvariantCulture)) return null;
        var entries = new List<EpochEntry>(lines.Length - 2);
        foreach (string line in lines.AsSpan(2))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0
                || !int.TryParse(line.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out int epoch)
                || !long.TryParse(line.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long start)
                || (entries.Count > 0 && (epoch <= entries[^1].Epoch || start < entries[^1].StartOffset)))
                return null;
            entries.Add(new EpochEntry(epoch, start));
        }

        return entries;
    }
}
