using System.Text;

namespace KBroker.LogEngine.Storage;

/// <summary>
/// A small text file that is replaced as a whole: written beside as <c>.tmp</c>, flushed, renamed, and the directory flushed, so
/// that a crash leaves the old or the new one.
/// </summary>
internal static class AtomicTextFile
{
    public const string TemporarySuffix = ".tmp";

    private const long LargestSize = 64 << 20;

    public static void Write(ILogFileSystem fileSystem, string path, string text)
    {
        string temporary = path + TemporarySuffix;
        fileSystem.DeleteFile(temporary);
        using (ILogFile file = fileSystem.CreateNew(temporary))
        {
            file.Write(Encoding.UTF8.GetBytes(text), 0);
            file.Flush();
        }

        fileSystem.Rename(temporary, path);
        fileSystem.FlushDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>The text; null when there is no file, it is absurdly large, or holds what no text of ours holds.</summary>
    public static string? TryRead(ILogFileSystem fileSystem, string path)
    {
        if (!fileSystem.FileExists(path)) return null;
        using ILogFile file = fileSystem.Open(path);
        if (file.Length > LargestSize) return null;
        byte[] bytes = new byte[file.Length];
        int read = file.Read(bytes, 0);
        string text = Encoding.UTF8.GetString(bytes, 0, read);
        return text.Contains('\0', StringComparison.Ordinal) || text.Contains('\uFFFD', StringComparison.Ordinal) ? null : text;
    }
}
