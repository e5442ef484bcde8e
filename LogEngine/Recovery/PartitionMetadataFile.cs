using System.Globalization;
using System.Text;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;

namespace KBroker.LogEngine.Recovery;

/// <summary>
/// The <c>partition.metadata</c> file: <c>version: 0</c> and <c>topic_id: …</c> (KIP-516), without a newline at the end. Kafka reads later
/// versions as well, and so does this.
/// </summary>
internal static class PartitionMetadataFile
{
    public const string FileName = "partition.metadata";

    private const string VersionKey = "version:";
    private const string TopicIdKey = "topic_id:";

    /// <summary>Writes the file of a new directory; it is on the disk with the log's first flush.</summary>
    public static void Create(ILogFileSystem fileSystem, string directory, Guid topicId)
    {
        string path = Path.Combine(directory, FileName);
        fileSystem.DeleteFile(path);
        using ILogFile file = fileSystem.CreateNew(path);
        file.Write(Encoding.UTF8.GetBytes(Text(topicId)), 0);
    }

    /// <summary>Puts the file into a directory that has been in use.</summary>
    public static void Replace(ILogFileSystem fileSystem, string directory, Guid topicId) =>
        AtomicTextFile.Write(fileSystem, Path.Combine(directory, FileName), Text(topicId));

    public static void Flush(ILogFileSystem fileSystem, string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!fileSystem.FileExists(path)) return;
        using ILogFile file = fileSystem.Open(path);
        file.Flush();
    }

    /// <summary>The topic's id; empty when the file is missing, or incomplete as a crash before the log's first flush leaves it.</summary>
    /// <exception cref="UnreadableLogException">The file holds something else: whose data this is cannot be told.</exception>
    public static Guid TryRead(ILogFileSystem fileSystem, string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!fileSystem.FileExists(path)) return Guid.Empty;
        string? text = AtomicTextFile.TryRead(fileSystem, path);
        if (IsTorn(fileSystem, path)) return Guid.Empty;
        string[] lines = (text ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines is [var first, var second, ..] && first.StartsWith(VersionKey, StringComparison.Ordinal)
            && ushort.TryParse(first.AsSpan(VersionKey.Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && second.StartsWith(TopicIdKey, StringComparison.Ordinal)
            && Uuid.TryParse(second.AsSpan(TopicIdKey.Length).Trim(), out Guid id)
            ? id
            : throw new UnreadableLogException(path, "not of the form 'version: 0', 'topic_id: <id>'; delete it if the data is known to be this topic's");
    }

    // What a stop while the file was made leaves: its beginning, or zeros where bytes did not reach the disk.
    private static bool IsTorn(ILogFileSystem fileSystem, string path)
    {
        byte[] whole = Encoding.UTF8.GetBytes(Text(Guid.Empty));
        int idStart = whole.Length - Uuid.Format(Guid.Empty).Length;
        byte[] bytes = new byte[whole.Length + 1];
        using ILogFile file = fileSystem.Open(path);
        int length = file.Read(bytes, 0);
        for (int i = 0; i < length; i++)
        {
            bool inId = i >= idStart;
            // What follows the whole text is for the reader to judge.
            if (i == whole.Length || (bytes[i] != 0 && !inId && bytes[i] != whole[i])) return false;
        }

        return length < whole.Length || bytes.AsSpan(0, length).Contains((byte)0);
    }

    private static string Text(Guid topicId) => $"version: 0\n{TopicIdKey} {Uuid.Format(topicId)}";
}
