namespace KBroker.TestKit.Golden;

/// <summary>A log directory as it lies on a disk: every file by its path inside, and the names of the directories.</summary>
internal sealed record KafkaFiles(IReadOnlyDictionary<string, byte[]> Files, IReadOnlyList<string> Directories)
{
    /// <summary>Takes in a directory of this machine, whose directories hold no further ones.</summary>
    public static KafkaFiles Read(string path) => new(
        Directory.GetFiles(path, "*", SearchOption.AllDirectories)
            .ToDictionary(file => Path.GetRelativePath(path, file), File.ReadAllBytes),
        [.. Directory.GetDirectories(path).Select(directory => Path.GetFileName(directory)!)]);

    public byte[]? Find(string path) => Files.GetValueOrDefault(path);

    /// <summary>The names of the files of a directory; those of the log directory itself for an empty name.</summary>
    public IEnumerable<string> NamesIn(string directory) =>
        from path in Files.Keys
        where (Path.GetDirectoryName(path) ?? "") == directory
        select Path.GetFileName(path);
}

/// <summary>Apache Kafka would not open the directory, or not believe a file of it.</summary>
internal sealed class KafkaRefusesException(string file, string reason) : Exception($"{file}: {reason}")
{
    public static void If(bool refused, string file, string reason)
    {
        if (refused) throw new KafkaRefusesException(file, reason);
    }
}
