using System.Globalization;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;

namespace KBroker.LogEngine.Directories;

/// <summary>
/// The <c>meta.properties</c> file, which says whose data a log directory holds: version 0 with <c>broker.id</c> and
/// <c>cluster.id</c>, or version 1 with <c>node.id</c>, as KRaft has it. A file of ids without a version is one of version 0. What is
/// absent is null.
/// </summary>
public sealed record MetaProperties(BrokerId? BrokerId, string? ClusterId)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "meta.properties";

    /// <summary>Reads the file of a log directory; null when there is none.</summary>
    /// <exception cref="LogDirectoryException">The file cannot be understood: the data's owner is unknown.</exception>
    public static MetaProperties? Read(ILogFileSystem fileSystem, string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!fileSystem.FileExists(path)) return null;
        string text = AtomicTextFile.TryRead(fileSystem, path)
            ?? throw new LogDirectoryException($"{path} is not a text file; restore it, or delete it if the data is known to be this broker's");
        var values = new Dictionary<string, string>();
        foreach (string line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] is '#' or '!') continue;
            int at = line.AsSpan().IndexOfAny('=', ':');
            if (at > 0) values[line[..at].TrimEnd()] = line[(at + 1)..].TrimStart().Replace("\\", "", StringComparison.Ordinal);
        }

        string? id = values.GetValueOrDefault("version") switch
        {
            null when values.ContainsKey("broker.id") || values.ContainsKey("cluster.id") => values.GetValueOrDefault("broker.id"),
            "0" => values.GetValueOrDefault("broker.id"),
            "1" => values.GetValueOrDefault("node.id"),
            var other => throw new LogDirectoryException(
                $"{path}: version is '{Shorten(other)}', expected 0 or 1; restore the file, or delete it if the data is known to be this broker's"),
        };
        if (id is null) return new MetaProperties(null, values.GetValueOrDefault("cluster.id"));
        return int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out int broker)
            ? new MetaProperties(new BrokerId(broker), values.GetValueOrDefault("cluster.id"))
            : throw new LogDirectoryException($"{path}: the broker id '{Shorten(id)}' is not a number");
    }

    /// <summary>Writes version 0.</summary>
    internal void Write(ILogFileSystem fileSystem, string directory)
    {
        string broker = BrokerId is { } id ? $"broker.id={id}\n" : "";
        string cluster = ClusterId is { } text ? $"cluster.id={text}\n" : "";
        AtomicTextFile.Write(fileSystem, Path.Combine(directory, FileName), $"version=0\n{broker}{cluster}");
    }

    /// <summary>Refuses another broker's or another cluster's data.</summary>
    internal void Require(BrokerId broker, string cluster, string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (BrokerId is { } id && id != broker)
            throw new LogDirectoryException($"{path} says broker.id={id}, but this broker is configured as {broker}: this is another broker's data. Start with node.id={id} to open it as that broker");
        if (ClusterId is { } text && text != cluster)
            throw new LogDirectoryException($"{path} says cluster.id={Shorten(text)}, but this broker's cluster is {cluster}: this is another cluster's data");
    }

    private static string Shorten(string? text) => text is null ? "absent" : text.Length <= 40 ? text : text[..40] + "…";
}
