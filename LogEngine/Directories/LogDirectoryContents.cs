using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;

namespace KBroker.LogEngine.Directories;

/// <summary>What lies in a directory before anything of it is opened or changed.</summary>
/// <param name="Path">The directory's absolute path.</param>
/// <param name="Meta">Whose data it says it is; null when it does not say.</param>
/// <param name="Partitions">The partitions whose directories lie there, in no order.</param>
public sealed record LogDirectoryContents(string Path, MetaProperties? Meta, IReadOnlyList<TopicPartition> Partitions)
{
    /// <summary>Looks at a directory; a missing one has no contents.</summary>
    /// <exception cref="LogDirectoryException"><c>meta.properties</c> cannot be understood.</exception>
    /// <exception cref="StorageException">The disk failed.</exception>
    public static LogDirectoryContents Read(ILogFileSystem fileSystem, string path)
    {
        ArgumentNullException.ThrowIfNull(fileSystem);
        path = System.IO.Path.GetFullPath(path);
        if (!fileSystem.DirectoryExists(path)) return new LogDirectoryContents(path, null, []);
        var partitions = new List<TopicPartition>();
        foreach (LogFileEntry entry in fileSystem.List(path))
        {
            if (entry.IsDirectory && PartitionDirectoryName.Parse(entry.Name, out TopicPartition partition) == PartitionDirectoryKind.Partition)
                partitions.Add(partition);
        }

        return new LogDirectoryContents(path, MetaProperties.Read(fileSystem, path), partitions);
    }
}
