using KBroker.Controller.Coordination.Journal;

namespace KBroker.Controller.Tests.Coordination;

/// <summary>A disk that has no room for some appends, of which it takes a part, and on which other operations can fail.</summary>
internal sealed class FullDiskJournalStorage(CrashingJournalStorage disk, Random random) : IJournalStorage
{
    /// <summary>The files that cannot grow.</summary>
    public Predicate<string> IsFull { get; set; } = _ => false;

    public bool SyncFails { get; set; }

    public bool TruncateFails { get; set; }

    public int Refusals { get; private set; }

    public string Describe(string name) => disk.Describe(name);

    public byte[]? Read(string name) => disk.Read(name);

    public void Append(string name, ReadOnlySpan<byte> bytes)
    {
        if (!IsFull(name))
        {
            disk.Append(name, bytes);
            return;
        }

        Refusals++;
        disk.Append(name, bytes[..random.Next(bytes.Length)]);
        throw new IOException("No space left on device");
    }

    public void Truncate(string name, long length)
    {
        if (TruncateFails) throw new IOException("Input/output error");
        disk.Truncate(name, length);
    }

    public void Sync(string name)
    {
        if (SyncFails) throw new IOException("Input/output error");
        disk.Sync(name);
    }

    public void Rename(string from, string to) => disk.Rename(from, to);

    public void SyncDirectory() => disk.SyncDirectory();

    public void Dispose() => disk.Dispose();
}
