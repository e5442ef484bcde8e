namespace KBroker.Protocol.Generator;

/// <summary>What one schema file gives; compared by value, so that an unchanged file is not generated again.</summary>
internal sealed class SchemaResult : IEquatable<SchemaResult>
{
    private SchemaResult(string name, string source, string keyRow, string? error) =>
        (Name, Source, KeyRow, Error) = (name, source, keyRow, error);

    public string Name { get; }

    public string Source { get; }

    /// <summary>A row for the table of API keys; empty for what is not a current request or response.</summary>
    public string KeyRow { get; }

    /// <summary>Why the file cannot be used, or null.</summary>
    public string? Error { get; }

    public static SchemaResult From(string path, string text) => From(path, text, message =>
        new SchemaResult(message.Name, MessageEmitter.Emit(message), ApiKeysEmitter.Row(message), null));

    public static SchemaResult ViewFrom(string path, string text) => From(path, text, message =>
        new SchemaResult(message.Name + "View", ViewEmitter.Emit(message), "", null));

    private static SchemaResult From(string path, string text, Func<MessageSpec, SchemaResult> emit)
    {
        try
        {
            return emit(SchemaParser.Parse(text));
        }
        catch (Exception error) when (error is FormatException or OverflowException or InvalidCastException)
        {
            return new SchemaResult(path, "", "", error.Message);
        }
    }

    public bool Equals(SchemaResult? other) =>
        other is not null && Name == other.Name && Source == other.Source && KeyRow == other.KeyRow && Error == other.Error;

    public override bool Equals(object? obj) => Equals(obj as SchemaResult);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Source);
}
