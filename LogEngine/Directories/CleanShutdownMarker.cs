using System.Globalization;
using System.Text.Json;
using KBroker.LogEngine.Storage;

namespace KBroker.LogEngine.Directories;

/// <summary>
/// The <c>.kafka_cleanshutdown</c> file: there after an orderly stop, gone from the next start on. Since Kafka 3.7 it holds the broker
/// epoch; an empty one counts as well. A file that cannot be understood counts as no orderly stop.
/// </summary>
internal static class CleanShutdownMarker
{
    public const string FileName = ".kafka_cleanshutdown";

    public static void Write(ILogFileSystem fileSystem, string directory, long brokerEpoch) => AtomicTextFile.Write(
        fileSystem,
        Path.Combine(directory, FileName),
        string.Create(CultureInfo.InvariantCulture, $"{{\"version\":0,\"brokerEpoch\":{brokerEpoch}}}"));

    /// <summary>Whether the last stop was orderly; the marker is durably gone before this returns.</summary>
    public static bool Take(ILogFileSystem fileSystem, string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!fileSystem.FileExists(path)) return false;
        bool clean = IsValid(AtomicTextFile.TryRead(fileSystem, path));
        fileSystem.DeleteFile(path);
        fileSystem.FlushDirectory(directory);
        return clean;
    }

    private static bool IsValid(string? text)
    {
        if (text is null) return false;
        if (text.Length == 0) return true;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("version", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
