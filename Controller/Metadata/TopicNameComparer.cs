using System.Text;

namespace KBroker.Controller.Metadata;

/// <summary>
/// Compares names ordinally and lets them be looked up by their UTF-8 bytes, as they stand in a request. Topic names are
/// ASCII, so a byte and a character are the same; a name with other characters is still found, as its bytes are not equal to
/// any ASCII name's.
/// </summary>
internal sealed class TopicNameComparer : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<byte>, string>
{
    public static readonly TopicNameComparer Instance = new();

    public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

    public int GetHashCode(string obj)
    {
        uint hash = 2166136261;
        foreach (char c in obj) hash = (hash ^ c) * 16777619;
        return (int)hash;
    }

    public bool Equals(ReadOnlySpan<byte> alternate, string other) => Ascii.Equals(alternate, other);

    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        uint hash = 2166136261;
        foreach (byte b in alternate) hash = (hash ^ b) * 16777619;
        return (int)hash;
    }

    public string Create(ReadOnlySpan<byte> alternate) => Encoding.UTF8.GetString(alternate);
}
