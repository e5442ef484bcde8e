using System.Collections.Concurrent;
using KBroker.Protocol.Identity;

namespace KBroker.LogEngine.Directories;

/// <summary>Where a log lies that could not be read, why, and what the checkpoints say of it, if anything.</summary>
internal sealed record UnreadableLog(string Path, string Reason, long? RecoveryPoint, long LogStartOffset);

/// <summary>
/// The logs of a log directory that the start found damaged in a way that nothing can be derived from. Their files are left as they
/// are, and the others are served. What the checkpoints say of them stays, for whoever mends them.
/// </summary>
internal sealed class UnreadableLogs
{
    private readonly ConcurrentDictionary<TopicPartition, UnreadableLog> _logs = new();

    public bool IsEmpty => _logs.IsEmpty;

    /// <summary>Without those that are 0; -1 for one that nobody knows, as a log without a line has none yet.</summary>
    public IEnumerable<KeyValuePair<TopicPartition, long>> RecoveryPoints =>
        _logs.Where(pair => pair.Value.RecoveryPoint != 0).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.RecoveryPoint ?? -1));

    public IEnumerable<KeyValuePair<TopicPartition, long>> LogStarts =>
        _logs.Where(pair => pair.Value.LogStartOffset > 0).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.LogStartOffset));

    public void Add(TopicPartition partition, UnreadableLog log) => _logs[partition] = log;

    public UnreadableLog? Find(TopicPartition partition) => _logs.GetValueOrDefault(partition);

    public void Remove(TopicPartition partition) => _logs.TryRemove(partition, out _);
}

/// <summary>A partition's files hold what nobody can make sense of, and what they should hold is nowhere else.</summary>
internal sealed class UnreadableLogException(string path, string reason) : Exception($"{path}: {reason}");
