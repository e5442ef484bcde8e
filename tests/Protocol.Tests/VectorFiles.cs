using System.IO.Compression;
using System.Text.Json;

namespace KBroker.Protocol.Tests;

/// <summary>
/// The golden vectors: the files beside the tests, and those that the environment variable <c>KBROKER_VECTORS</c> names
/// (paths, separated by colons; <c>.ndjson</c> or <c>.ndjson.gz</c>). Each line is a JSON object.
/// </summary>
public static class VectorFiles
{
    /// <summary>Lines that hold a message: those with a member <c>message</c>.</summary>
    public static IReadOnlyList<JsonElement> Messages { get; } = [.. All().Where(row => row.TryGetProperty("message", out _))];

    /// <summary>Lines that hold record batches: those with a member <c>batches</c>.</summary>
    public static IReadOnlyList<JsonElement> Batches { get; } = [.. All().Where(row => row.TryGetProperty("batches", out _))];

    private static IEnumerable<JsonElement> All()
    {
        string own = Path.Combine(AppContext.BaseDirectory, "Vectors");
        string[] more = (Environment.GetEnvironmentVariable("KBROKER_VECTORS") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return Directory.GetFiles(own).Order().Concat(more).SelectMany(Lines);
    }

    private static IEnumerable<JsonElement> Lines(string path)
    {
        using Stream file = File.OpenRead(path);
        using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
            if (line.Length > 0) yield return JsonElement.Parse(line);
    }
}
