namespace KBroker.Protocol.Compression;

/// <summary>
/// Keeps a few costly objects for reuse. What does not fit is disposed, so a burst leaves no more behind than the capacity.
/// </summary>
internal sealed class ObjectPool<T>(int capacity) : IDisposable
    where T : class, IDisposable
{
    private readonly T?[] _items = new T?[capacity];
    private volatile bool _disposed;

    public T? TryRent()
    {
        for (int i = 0; i < _items.Length; i++)
        {
            if (Volatile.Read(ref _items[i]) is not null && Interlocked.Exchange(ref _items[i], null) is { } item) return item;
        }

        return null;
    }

    public void Return(T item)
    {
        for (int i = 0; i < _items.Length && !_disposed; i++)
        {
            if (Interlocked.CompareExchange(ref _items[i], item, null) is null) return;
        }

        item.Dispose();
    }

    public void Dispose()
    {
        _disposed = true;
        while (TryRent() is { } item) item.Dispose();
    }
}
