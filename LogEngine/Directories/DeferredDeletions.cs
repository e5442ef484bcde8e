using System.Runtime.ExceptionServices;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Directories;

/// <summary>
/// Files and directories that have their <c>.deleted</c> or <c>-delete</c> name and wait for <c>file.delete.delay.ms</c>. What is
/// left at a crash is found by its name at the next start.
/// </summary>
internal sealed class DeferredDeletions(ILogFileSystem fileSystem, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly List<Item> _items = [];

    public int Count
    {
        get
        {
            lock (_lock) return _items.Count;
        }
    }

    /// <summary>Deletes a file once <paramref name="delayMs"/> have passed.</summary>
    public void AddFile(string path, long delayMs) => Add(new Item(path, false, time.GetTimestamp(), delayMs));

    /// <summary>Deletes a directory once <paramref name="delayMs"/> have passed.</summary>
    public void AddDirectory(string path, long delayMs) => Add(new Item(path, true, time.GetTimestamp(), delayMs));

    /// <summary>
    /// Deletes what is due, or everything with <paramref name="evenEarly"/>. What cannot be deleted stays due and holds up nothing else;
    /// its failure is thrown at the end.
    /// </summary>
    /// <exception cref="StorageException">The first failure.</exception>
    public void Run(bool evenEarly = false)
    {
        List<Item> due;
        lock (_lock)
        {
            long now = time.GetTimestamp();
            due = [];
            _items.RemoveAll(item =>
            {
                if (!evenEarly && time.GetElapsedTime(item.Since, now).TotalMilliseconds < item.DelayMs) return false;
                due.Add(item);
                return true;
            });
        }

        StorageException? first = null;
        foreach (Item item in due)
        {
            try
            {
                if (item.IsDirectory) fileSystem.DeleteDirectory(item.Path);
                else fileSystem.DeleteFile(item.Path);
            }
            catch (StorageException e)
            {
                first ??= e;
                Add(item);
            }
        }

        if (first is not null) ExceptionDispatchInfo.Throw(first);
    }

    private void Add(Item item)
    {
        lock (_lock) _items.Add(item);
    }

    private readonly record struct Item(string Path, bool IsDirectory, long Since, long DelayMs);
}
