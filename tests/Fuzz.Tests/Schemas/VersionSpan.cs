using System.Globalization;

namespace KBroker.Fuzz.Tests.Schemas;

/// <summary>A range of versions as schemas write it: "3", "0-5", "2+", "none".</summary>
internal readonly record struct VersionSpan(int Lowest, int Highest)
{
    public static readonly VersionSpan None = new(int.MaxValue, int.MinValue);

    public bool Contains(int version) => version >= Lowest && version <= Highest;

    public static VersionSpan Parse(string? text)
    {
        if (text is null or "none") return None;
        if (text.EndsWith('+')) return new(Number(text[..^1]), int.MaxValue);
        int dash = text.IndexOf('-', StringComparison.Ordinal);
        return dash < 0 ? new(Number(text), Number(text)) : new(Number(text[..dash]), Number(text[(dash + 1)..]));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
