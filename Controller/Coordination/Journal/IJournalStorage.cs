namespace KBroker.Controller.Coordination.Journal;

/// <summary>
/// The few things the journal asks of a disk, by file name in one directory. Nothing is durable before <see cref="Sync"/>
/// (bytes and lengths) or <see cref="SyncDirectory"/> (creations and renames) returns. Every failure throws
/// <see cref="IOException"/>. Not thread-safe.
/// </summary>
public interface IJournalStorage : IDisposable
{
    /// <summary>How a file is called in messages: its full path.</summary>
    string Describe(string name);

    /// <summary>The whole file, or null if there is none.</summary>
    byte[]? Read(string name);

    /// <summary>Appends to a file, which is created if it does not exist.</summary>
    void Append(string name, ReadOnlySpan<byte> bytes);

    /// <summary>Cuts a file to a length in bytes.</summary>
    void Truncate(string name, long length);

    /// <summary>Makes the bytes and the length of a file durable.</summary>
    void Sync(string name);

    /// <summary>Renames a file, replacing the one of the new name, atomically.</summary>
    void Rename(string from, string to);

    /// <summary>Makes creations and renames durable.</summary>
    void SyncDirectory();
}
