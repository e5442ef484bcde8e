using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Compression;
using Microsoft.Extensions.Logging;

namespace KBroker.LogEngine;

/// <summary>What every log of a directory shares.</summary>
internal sealed record LogEnvironment(
    ILogFileSystem FileSystem, TimeProvider Time, Random Random, DeferredDeletions Deletions, LogDirectoryHealth Health, ILogger Logger)
{
    /// <summary>What a search by time decompresses with.</summary>
    public required CompressionCodecs Codecs { get; init; }

    /// <summary>What may stay open and in memory between uses.</summary>
    public StorageBudget Budget { get; init; } = StorageBudget.Unbounded();

    /// <summary>Flushes the logs that ask for it.</summary>
    public GroupCommitter Committer { get; init; } = new(threads: 0);

    /// <summary>How long and how many producers a log remembers.</summary>
    public ProducerOptions Producers { get; init; } = new();

    /// <summary>How much room the disk has.</summary>
    public required DiskSpaceGuard Space { get; init; }

    /// <summary>Called when a log's recovery point went back and the checkpoint on disk has to follow before new appends.</summary>
    public Action RecoveryPointLowered { get; init; } = static () => { };

    /// <summary>Called when less of a log is compacted than was, and the checkpoint on disk has to follow before new appends.</summary>
    public Action CleanedEndLowered { get; init; } = static () => { };

    /// <summary>Called when a log's start went back and the checkpoint on disk has to follow before new appends.</summary>
    public Action LogStartLowered { get; init; } = static () => { };

    /// <summary>Milliseconds on a clock that nobody sets, for what is to happen after a while; its zero says nothing.</summary>
    public long ElapsedMs => (long)Time.GetElapsedTime(0).TotalMilliseconds;

    /// <summary>The wall clock, in milliseconds since the epoch: for what is compared with the times of records and files.</summary>
    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>A random number below <paramref name="most"/>; logs of a directory share the source.</summary>
    public long NextRandom(long most)
    {
        lock (Random) return Random.NextInt64(most);
    }
}
