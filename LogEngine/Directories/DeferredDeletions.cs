using System.Runtime.ExceptionServices;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Directories;

/// <summary>
/// Files and directories that have their <c>.deleted</c> or <c>-delete</c> name and wait for <c>file.delete.delay.ms</c>. What is
/// left at a crash is found by its name at the next start.
/// </summary>
internal sealed class DeferredDeletions(ILogFileSystem fileSystem)
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

    public void AddFile(string path, long dueMs) => Add(new Item(path, false, dueMs));

    public void AddDirectory(string path, long dueMs) => Add(new Item(path, true, dueMs));

    /// <summary>
    /// Deletes what is due at <paramref name="nowMs"/>. What cannot be deleted stays due and holds up nothing else; its failure is
    /// thrown at the end.
    /// </summary>
    /// <exception cref="StorageException">The first failure.</exception>
    public void Run(long nowMs)
    {
        List<Item> due;
        lock (_lock)
        {
            due = _items.FindAll(item => item.DueMs <= nowMs);
            _items.RemoveAll(item => item.DueMs <= nowMs);
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

    private readonly record struct Item(string Path, bool IsDirectory, long DueMs);
}
