using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Recovery;

/// <summary>
/// An empty file in a partition's directory while something is being cut off there. It needs no flush: it is for the process that
/// follows one that was killed within the cut, and finds bytes and names gone that the disk may still hold.
/// </summary>
internal static class CutMark
{
    public const string FileName = ".kbroker_cut";

    public static bool IsThere(ILogFileSystem fileSystem, string directory) => fileSystem.FileExists(PathIn(directory));

    /// <summary>A full disk leaves none.</summary>
    /// <exception cref="StorageException">The disk failed.</exception>
    public static void Set(ILogFileSystem fileSystem, string directory)
    {
        if (IsThere(fileSystem, directory)) return;
        try
        {
            fileSystem.CreateNew(PathIn(directory)).Dispose();
        }
        catch (StorageException e) when (e.MayPass)
        {
            // What is to be cut has to go all the same.
        }
    }

    /// <summary>What was cut off is gone from the disk.</summary>
    /// <exception cref="StorageException">The disk failed.</exception>
    public static void Take(ILogFileSystem fileSystem, string directory) => fileSystem.DeleteFile(PathIn(directory));

    private static string PathIn(string directory) => Path.Combine(directory, FileName);
}
