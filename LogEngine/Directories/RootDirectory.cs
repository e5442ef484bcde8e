using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Directories;

/// <summary>The making of a log directory itself, without which nothing in it survives a power loss.</summary>
public static class RootDirectory
{
    private const int PermissionDenied = 13;

    /// <summary>
    /// Makes the directory and its missing parents; the names of all of them are on the disk when this returns. Of a directory that is
    /// there the name is flushed too, since the process that made it may have died before it could.
    /// </summary>
    /// <exception cref="StorageException">The disk failed.</exception>
    public static void Create(ILogFileSystem fileSystem, string path)
    {
        ArgumentNullException.ThrowIfNull(fileSystem);
        var parents = new List<string>();
        string? at = Path.GetFullPath(path);
        bool exists = fileSystem.DirectoryExists(at);
        do
        {
            bool made = !fileSystem.DirectoryExists(at);
            at = Path.GetDirectoryName(at);
            if (at is not null) parents.Add(at);
            if (!made) break;
        }
        while (at is not null && !fileSystem.DirectoryExists(at));

        fileSystem.CreateDirectory(path);
        foreach (string parent in parents)
        {
            try
            {
                fileSystem.FlushDirectory(parent);
            }
            catch (StorageException e) when (exists && e.Errno == PermissionDenied)
            {
                // Whoever made the directory for this user kept its parent to himself.
            }
        }
    }
}
