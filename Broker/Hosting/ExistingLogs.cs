using KBroker.Broker.Configuration;
using KBroker.Controller.Coordination;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Hosting;

/// <summary>
/// What the log directories hold when this broker's metadata is new: nothing, what Kafka wrote, or what this broker wrote with
/// metadata that is elsewhere or lost.
/// </summary>
internal sealed class ExistingLogs
{
    // Kafka's are base64 of 16 bytes, 22 characters; older tools made others.
    private const int LongestClusterId = 100;

    private readonly LogDirConfig _config;
    private readonly List<LogDirectoryContents> _contents;

    private ExistingLogs(LogDirConfig config, List<LogDirectoryContents> contents)
    {
        _config = config;
        _contents = contents;
    }

    /// <summary>Looks at the directories; opens and changes nothing.</summary>
    /// <exception cref="LogDirectoryException">A <c>meta.properties</c> cannot be understood.</exception>
    public static ExistingLogs Look(LogDirConfig config, ILogFileSystem fileSystem)
    {
        var contents = new List<LogDirectoryContents>();
        foreach (string path in config.Directories)
        {
            try
            {
                contents.Add(LogDirectoryContents.Read(fileSystem, path));
            }
            catch (StorageException)
            {
                // A directory whose disk failed is told when the directories are opened.
            }
        }

        return new ExistingLogs(config, contents);
    }

    /// <summary>
    /// The id of the cluster the directories are of; null when they do not say. Logs that are there need an explicit word that this
    /// broker is to have them: its new metadata knows none of their topics.
    /// </summary>
    /// <exception cref="BrokerStartException">That word is missing, or the directories are of several clusters.</exception>
    public string? ClusterIdForNewStore()
    {
        if (_contents.FirstOrDefault(one => one.Partitions.Count > 0) is { } found && !_config.AdoptLogs) throw new BrokerStartException(Refusal(found));
        string? id = null;
        string? holder = null;
        foreach (LogDirectoryContents one in _contents)
        {
            if (one.Meta?.ClusterId is not { Length: > 0 } said) continue;
            if (said.Length > LongestClusterId || said.Any(char.IsControl))
                throw new BrokerStartException($"{Path.Combine(one.Path, MetaProperties.FileName)}: the cluster id is none: it is too long or holds control characters.");
            if (id is not null && id != said)
                throw new BrokerStartException($"{holder} is of cluster {id} and {one.Path} of cluster {said}: log.dirs must name directories of one cluster.");
            (id, holder) = (said, one.Path);
        }

        return id;
    }

    private string Refusal(LogDirectoryContents found)
    {
        TopicPartition example = found.Partitions.MinBy(partition => (partition.Topic, partition.Partition));
        int count = _contents.Sum(one => one.Partitions.Count);
        // The first directory's store is open by now and new.
        string? elsewhere = _config.Directories.Skip(1).FirstOrDefault(EmbeddedCoordinationStore.ExistsIn);
        return elsewhere is not null
            ? $"The metadata of this broker lies in {elsewhere}, and {_config.Directories[0]} comes first in log.dirs: put {elsewhere} first."
            : $"log.dirs holds the logs of {count} partitions, for example {Path.Combine(found.Path, example.ToString())}, and this broker has no metadata of "
                + $"their topics. If they are to be opened here, as after a move from Kafka, start with {BrokerConfigNames.KBrokerAdoptLogs}=true (docs/storage.md "
                + "says what that does); for a new broker, choose an empty directory.";
    }
}
