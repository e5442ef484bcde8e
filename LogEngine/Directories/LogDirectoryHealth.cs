using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Directories;

/// <summary>Whether a log directory's disk has failed. The first failure counts and is told once; there is no way back.</summary>
internal sealed class LogDirectoryHealth(Action<StorageException> failed)
{
    private StorageException? _failure;

    public StorageException? Failure => Volatile.Read(ref _failure);

    public void Report(StorageException failure)
    {
        if (failure.MayPass || Interlocked.CompareExchange(ref _failure, failure, null) is not null) return;
        failed(failure);
    }
}
