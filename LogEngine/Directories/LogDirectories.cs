using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace KBroker.LogEngine.Directories;

/// <summary>
/// All <c>log.dirs</c> of a broker. A partition's log lies in one of them; a new one goes to the directory with the most room by its
/// marks, and of those to the one with the fewest. A directory whose disk fails leaves the others serving.
/// </summary>
public sealed class LogDirectories : IDisposable
{
    private readonly Lock _creating = new();

    private LogDirectories(IReadOnlyList<LogDirectory> directories, IReadOnlyDictionary<string, StorageException> unavailable)
    {
        All = directories;
        Unavailable = unavailable;
    }

    /// <summary>The directories that opened, offline ones included.</summary>
    public IReadOnlyList<LogDirectory> All { get; }

    /// <summary>The directories whose disk failed at the start, and how.</summary>
    public IReadOnlyDictionary<string, StorageException> Unavailable { get; }

    /// <summary>Whether a directory failed, at the start or since.</summary>
    public bool IsAnyOutOfService => Unavailable.Count > 0 || All.Any(directory => directory.IsOffline);

    /// <summary>Whether no directory is left to serve from.</summary>
    public bool IsNoneInService => All.All(directory => directory.IsOffline);

    /// <summary>The logs of all directories that are online.</summary>
    public IEnumerable<PartitionLog> Logs => All.Where(directory => !directory.IsOffline).SelectMany(directory => directory.Logs);

    /// <summary>Opens every directory; those whose disk fails are left out as long as one is left.</summary>
    /// <exception cref="LogDirectoryException">A directory is locked, or another broker's or cluster's.</exception>
    /// <exception cref="StorageException">No directory can be used.</exception>
    public static LogDirectories Open(
        IEnumerable<LogDirectoryOptions> options, ILogFileSystem fileSystem, TimeProvider time, Random random, ILogger logger)
    {
        var opened = new List<LogDirectory>();
        var failed = new Dictionary<string, StorageException>();
        try
        {
            foreach (LogDirectoryOptions one in options)
            {
                try
                {
                    opened.Add(LogDirectory.Open(one, fileSystem, time, new Random(random.Next()), logger));
                }
                catch (StorageException e)
                {
                    failed[one.Path] = e;
                }
            }

            if (opened.Count == 0) throw failed.Values.FirstOrDefault() as Exception ?? new LogDirectoryException("log.dirs names no directory");
            SettleDuplicates(opened);
            return new LogDirectories(opened, failed);
        }
        catch
        {
            foreach (LogDirectory directory in opened) directory.Dispose();
            throw;
        }
    }

    /// <summary>The log of a partition; null when no directory has it.</summary>
    public PartitionLog? Find(TopicPartition partition)
    {
        foreach (LogDirectory directory in All)
        {
            if (directory.Find(partition) is { } log) return log;
        }

        return null;
    }

    /// <summary>The directory that has the partition's log, or null.</summary>
    public LogDirectory? DirectoryOf(TopicPartition partition) => All.FirstOrDefault(directory => directory.Find(partition) is not null);

    /// <summary>The partition's log, made where there is none.</summary>
    /// <exception cref="StorageException">No directory is online, or the disk failed.</exception>
    public PartitionLog GetOrCreate(TopicPartition partition, Guid topicId, LogConfig config) =>
        GetOrCreate(partition, topicId, config, isNew: true);

    /// <summary>
    /// The partition's log, made where there is none. While a directory is missing, a log is made only for a partition that
    /// <paramref name="isNew"/>: the log of any other may lie in the missing one.
    /// </summary>
    /// <exception cref="StorageException">No directory is online or the log may lie in one that is not, or the disk failed.</exception>
    public PartitionLog GetOrCreate(TopicPartition partition, Guid topicId, LogConfig config, bool isNew)
    {
        lock (_creating)
        {
            // A log in an offline directory is found, and refuses its use.
            if (Find(partition) is { } log) return log;
            if (!isNew && IsAnyOutOfService)
                throw new StorageException("create", partition.ToString(), "its log may lie in a log directory that is offline");
            foreach (LogDirectory directory in All)
            {
                if (directory.WhyUnreadable(partition) is not { } reason) continue;
                // What lies in the place of a partition that was never led is not its data.
                if (!isNew) throw new LogDirectoryException($"the log of {partition} cannot be used: {reason}");
                directory.SetAsideUnreadable(partition);
            }

            return CreateInBest(partition, topicId, config);
        }
    }

    /// <summary>Whether the files of a partition are there and cannot be read.</summary>
    public bool IsUnreadable(TopicPartition partition) => All.Any(directory => directory.WhyUnreadable(partition) is not null);

    /// <summary>One whose disk fails or is full at that makes way for the next.</summary>
    private PartitionLog CreateInBest(TopicPartition partition, Guid topicId, LogConfig config)
    {
        StorageException? failure = null;
        foreach (LogDirectory directory in All.Where(directory => !directory.IsOffline).OrderBy(directory => directory.SpaceLevel).ThenBy(directory => directory.Logs.Count))
        {
            try
            {
                return directory.Create(partition, topicId, config);
            }
            catch (StorageException e)
            {
                failure = e;
            }
        }

        throw failure ?? new StorageException("create", partition.ToString(), "no log directory is online");
    }

    /// <summary>Deletes a partition's log; false when there is none.</summary>
    public bool Delete(TopicPartition partition)
    {
        lock (_creating) return DirectoryOf(partition)?.Delete(partition) ?? false;
    }

    /// <summary>Closes all directories in order; the epoch goes into their marks.</summary>
    public void Close(long brokerEpoch)
    {
        foreach (LogDirectory directory in All) directory.Close(brokerEpoch);
    }

    /// <summary>
    /// A partition lies in one directory. Where two have it, the one with the topic's id is the partition and the other, with another
    /// id, what a directory that was out of service kept of a deleted topic. Without such a difference nobody can tell.
    /// </summary>
    private static void SettleDuplicates(List<LogDirectory> directories)
    {
        var found = new Dictionary<TopicPartition, LogDirectory>();
        foreach (LogDirectory directory in directories)
        {
            foreach (PartitionLog log in directory.Logs.ToList())
            {
                if (found.TryAdd(log.TopicPartition, directory)) continue;
                LogDirectory other = found[log.TopicPartition];
                PartitionLog first = other.Find(log.TopicPartition)!;
                Guid expected = directory.TopicIdFor(log.TopicPartition.Topic);
                if (first.TopicId == expected && IsAnother(log.TopicId, expected)) directory.SetAside(log.TopicPartition);
                else if (log.TopicId == expected && IsAnother(first.TopicId, expected)) Replace(log.TopicPartition, other, directory);
                else throw new LogDirectoryException($"{log.TopicPartition} lies in both {first.Directory} and {log.Directory}: one of them was left behind "
                    + "by a move between log directories or is a copy; move the one away that is out of date, in most cases the one on the disk that failed last");
            }
        }

        void Replace(TopicPartition partition, LogDirectory old, LogDirectory directory)
        {
            old.SetAside(partition);
            found[partition] = directory;
        }

        static bool IsAnother(Guid id, Guid expected) => expected != Guid.Empty && id != Guid.Empty && id != expected;
    }

    /// <summary>Takes a partition's log out of service and keeps its files under another name; false when there is none.</summary>
    public bool SetAside(TopicPartition partition)
    {
        lock (_creating) return DirectoryOf(partition)?.SetAside(partition) ?? false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LogDirectory directory in All) directory.Dispose();
    }
}
