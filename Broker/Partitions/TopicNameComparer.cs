using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace KBroker.Broker.Partitions;

/// <summary>
/// Compares topic names, and finds one by the UTF-8 bytes of a request without making a string of them. Legal names are
/// ASCII, so a character is a byte; any other name is simply not found.
/// </summary>
public sealed class TopicNameComparer : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<byte>, string>
{
    private TopicNameComparer()
    {
    }

    /// <summary>The comparer; it has no state.</summary>
    public static TopicNameComparer Instance { get; } = new();

    /// <inheritdoc/>
    public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

    /// <inheritdoc/>
    public bool Equals(ReadOnlySpan<byte> alternate, string other) => Ascii.Equals(alternate, other);

    /// <inheritdoc/>
    public int GetHashCode([DisallowNull] string obj)
    {
        const int LongestOnStack = 256;
        if (obj.Length > LongestOnStack) return GetHashCode(Encoding.UTF8.GetBytes(obj).AsSpan());
        Span<byte> bytes = stackalloc byte[LongestOnStack * 3];
        return GetHashCode(bytes[..Encoding.UTF8.GetBytes(obj, bytes)]);
    }

    /// <inheritdoc/>
    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = default(HashCode);
        hash.AddBytes(alternate);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public string Create(ReadOnlySpan<byte> alternate) => Encoding.UTF8.GetString(alternate);
}
