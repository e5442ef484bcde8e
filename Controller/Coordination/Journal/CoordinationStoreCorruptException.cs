using System.Globalization;

namespace KBroker.Controller.Coordination.Journal;

/// <summary>A file of the embedded coordination store is damaged where no crash can have damaged it.</summary>
public sealed class CoordinationStoreCorruptException(string file, long offset, string problem)
    : IOException(string.Create(
        CultureInfo.InvariantCulture,
        $"{file}: {problem} at offset {offset}. Topics and configurations are kept in this file; restore it from a backup."))
{
    /// <summary>The path of the file.</summary>
    public string File { get; } = file;

    /// <summary>Where the damage begins, in bytes from the start of the file.</summary>
    public long Offset { get; } = offset;
}
