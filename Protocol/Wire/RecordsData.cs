namespace KBroker.Protocol.Wire;

/// <summary>
/// The value of a <c>records</c> field: absent, bytes in memory (a slice of the received frame, never a copy), or a source
/// that the transport sends from elsewhere.
/// </summary>
public readonly struct RecordsData : IEquatable<RecordsData>
{
    private readonly ReadOnlyMemory<byte> _memory;
    private readonly bool _present;

    /// <summary>Records that lie in memory.</summary>
    public RecordsData(ReadOnlyMemory<byte> memory) => (_memory, _present) = (memory, true);

    /// <summary>Records that the transport takes from <paramref name="source"/>.</summary>
    public RecordsData(IRecordsSource source) => (Source, _present) = (source, true);

    /// <summary>No records: written as null.</summary>
    public static RecordsData Null => default;

    /// <summary>Whether the field is null.</summary>
    public bool IsNull => !_present;

    /// <summary>The bytes, where they lie in memory; empty otherwise.</summary>
    public ReadOnlyMemory<byte> Memory => _memory;

    /// <summary>Where the transport takes the bytes from, or null when they lie in memory.</summary>
    public IRecordsSource? Source { get; }

    /// <summary>The number of bytes; 0 when null.</summary>
    public int Length => Source?.Length ?? _memory.Length;

    /// <inheritdoc/>
    public bool Equals(RecordsData other) =>
        _present == other._present && ReferenceEquals(Source, other.Source) && _memory.Span.SequenceEqual(other._memory.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is RecordsData other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_present, Length);

    /// <summary>Whether two fields hold the same bytes or the same source.</summary>
    public static bool operator ==(RecordsData left, RecordsData right) => left.Equals(right);

    /// <summary>Whether two fields differ.</summary>
    public static bool operator !=(RecordsData left, RecordsData right) => !left.Equals(right);
}
