using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;

namespace KBroker.LogEngine.Recovery;

/// <summary>The <c>partition.metadata</c> file: <c>version: 0</c> and <c>topic_id: …</c> (KIP-516).</summary>
internal static class PartitionMetadataFile
{
    public const string FileName = "partition.metadata";

    private const string TopicIdKey = "topic_id:";

    public static void Write(ILogFileSystem fileSystem, string directory, Guid topicId) =>
        AtomicTextFile.Write(fileSystem, Path.Combine(directory, FileName), $"version: 0\n{TopicIdKey} {Uuid.Format(topicId)}\n");

    /// <summary>The topic's id; empty when the file is missing.</summary>
    /// <exception cref="StorageException">The file holds something else: whose data this is cannot be told.</exception>
    public static Guid TryRead(ILogFileSystem fileSystem, string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!fileSystem.FileExists(path)) return Guid.Empty;
        string[] lines = (AtomicTextFile.TryRead(fileSystem, path) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines is ["version: 0", var second, ..] && second.StartsWith(TopicIdKey, StringComparison.Ordinal)
            && Uuid.TryParse(second.AsSpan(TopicIdKey.Length).Trim(), out Guid id)
            ? id
            : throw new StorageException("read", path, "not of the form 'version: 0', 'topic_id: <id>'; delete it if the data is known to be this topic's");
    }
}
