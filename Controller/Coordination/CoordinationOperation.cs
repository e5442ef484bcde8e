namespace KBroker.Controller.Coordination;

/// <summary>One step of a conditional multi.</summary>
/// <param name="Path">The absolute path it is about.</param>
public abstract record CoordinationOperation(string Path)
{
    /// <summary>The expected version that fits every version.</summary>
    public const int AnyVersion = -1;

    /// <summary>Creates a node under an existing parent.</summary>
    public sealed record Create(string Path, ReadOnlyMemory<byte> Data, CreateMode Mode = CreateMode.Persistent)
        : CoordinationOperation(Path);

    /// <summary>Replaces a node's data.</summary>
    public sealed record SetData(string Path, ReadOnlyMemory<byte> Data, int ExpectedVersion = AnyVersion)
        : CoordinationOperation(Path);

    /// <summary>Deletes a node without children.</summary>
    public sealed record Delete(string Path, int ExpectedVersion = AnyVersion) : CoordinationOperation(Path);

    /// <summary>Only checks that the node exists with this version.</summary>
    public sealed record Check(string Path, int ExpectedVersion) : CoordinationOperation(Path);
}
