namespace KBroker.Fuzz.Tests.Serving;

/// <summary>Counts of this process's open descriptors.</summary>
internal static class OpenDescriptors
{
    public static int Sockets => Count(target => target.StartsWith("socket:", StringComparison.Ordinal));

    /// <summary>Files under a directory that exist no longer, but are still open.</summary>
    public static int Deleted(string directory) =>
        Count(target => target.StartsWith(directory, StringComparison.Ordinal) && target.EndsWith(" (deleted)", StringComparison.Ordinal));

    private static int Count(Func<string, bool> matches)
    {
        int count = 0;
        foreach (string path in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            try
            {
                if (new FileInfo(path).LinkTarget is { } target && matches(target)) count++;
            }
            catch (IOException)
            {
                // The descriptor of this very listing.
            }
        }

        return count;
    }
}
