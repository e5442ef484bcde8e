using System.Globalization;
using System.Text;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;

namespace KBroker.LogEngine.Directories;

/// <summary>
/// One of a log directory's checkpoint files: version 0, a count, then <c>topic partition offset</c> lines. A file that holds
/// anything else counts as missing: what it said is unknown then, which is not the same as 0. Without the recovery points every segment
/// is read again; without the log starts, deleted records whose segments are still there come back.
/// </summary>
internal sealed class OffsetCheckpoint(ILogFileSystem fileSystem, string directory, string fileName)
{
    public const string RecoveryPoints = "recovery-point-offset-checkpoint";
    public const string HighWatermarks = "replication-offset-checkpoint";
    public const string LogStarts = "log-start-offset-checkpoint";
    public const string CleanedEnds = "cleaner-offset-checkpoint";

    private readonly string _path = System.IO.Path.Combine(directory, fileName);
    private readonly Lock _writing = new();
    // Whose offsets the file may hold, also after a write that failed half-way.
    private HashSet<TopicPartition> _held = [];
    private string? _written;

    public string Path => _path;

    /// <summary>Replaces the file, unless it already says so.</summary>
    public void Write(Func<IEnumerable<KeyValuePair<TopicPartition, long>>> offsets)
    {
        // The offsets are taken inside the lock: of two writers, the later has the newer ones.
        lock (_writing)
        {
            var lines = new StringBuilder();
            var held = new HashSet<TopicPartition>();
            foreach ((TopicPartition key, long offset) in offsets().OrderBy(pair => pair.Key.Topic, StringComparer.Ordinal).ThenBy(pair => pair.Key.Partition))
            {
                lines.Append(CultureInfo.InvariantCulture, $"{key.Topic} {key.Partition} {offset}\n");
                held.Add(key);
            }

            string text = string.Create(CultureInfo.InvariantCulture, $"0\n{held.Count}\n{lines}");
            if (text == _written) return;
            _written = null;
            _held.UnionWith(held);
            AtomicTextFile.Write(fileSystem, _path, text);
            _held = held;
            _written = text;
        }
    }

    /// <summary>
    /// For a partition that <paramref name="offsets"/> does not have: replaces the file if it may hold an offset of a log that had the
    /// partition's name.
    /// </summary>
    public void Forget(TopicPartition partition, Func<IEnumerable<KeyValuePair<TopicPartition, long>>> offsets)
    {
        lock (_writing)
        {
            if (_held.Contains(partition)) Write(offsets);
        }
    }

    /// <summary>Whether the last <see cref="TryRead"/> found a file and understood it: a partition without a line was made after it.</summary>
    public bool WasRead { get; private set; }

    /// <summary>The offsets; false when there is a file and it cannot be understood.</summary>
    public bool TryRead(out Dictionary<TopicPartition, long> offsets)
    {
        offsets = [];
        WasRead = false;
        if (!fileSystem.FileExists(_path)) return true;
        string[] lines = (AtomicTextFile.TryRead(fileSystem, _path) ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length < 2 || lines[0] != "0" || lines[1] != (lines.Length - 2).ToString(CultureInfo.InvariantCulture)) return false;
        var read = new Dictionary<TopicPartition, long>();
        foreach (string line in lines.AsSpan(2))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length != 3
                || !int.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
                || !long.TryParse(fields[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long offset))
                return false;
            read[new TopicPartition(fields[0], partition)] = offset;
        }

        offsets = read;
        WasRead = true;
        lock (_writing) _held = [.. read.Keys];
        return true;
    }
}
