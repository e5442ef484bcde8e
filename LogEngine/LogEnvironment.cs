using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using Microsoft.Extensions.Logging;

namespace KBroker.LogEngine;

/// <summary>What every log of a directory shares.</summary>
internal sealed record LogEnvironment(
    ILogFileSystem FileSystem, TimeProvider Time, Random Random, DeferredDeletions Deletions, ILogger Logger)
{
    /// <summary>Called once per failure that is no full disk: the directory goes offline.</summary>
    public Action<StorageException> Failed { get; init; } = static _ => { };

    /// <summary>Called when a log's recovery point went back and the checkpoint on disk has to follow before new appends.</summary>
    public Action RecoveryPointLowered { get; init; } = static () => { };

    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();
}
