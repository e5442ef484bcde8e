using System.Globalization;

namespace KBroker.Protocol.Generator;

/// <summary>Versions of a message: <c>none</c>, <c>a</c>, <c>a-b</c> or <c>a+</c>.</summary>
internal readonly struct VersionRange
{
    public VersionRange(int low, int high) => (Low, High) = (low, high);

    public static VersionRange None => new(0, -1);

    public int Low { get; }

    public int High { get; }

    public bool IsEmpty => High < Low;

    public static VersionRange Parse(string text)
    {
        if (text == "none") return None;
        if (text.EndsWith("+", StringComparison.Ordinal)) return new VersionRange(Number(text.Substring(0, text.Length - 1)), short.MaxValue);
        int dash = text.IndexOf('-');
        return dash < 0
            ? new VersionRange(Number(text), Number(text))
            : new VersionRange(Number(text.Substring(0, dash)), Number(text.Substring(dash + 1)));
    }

    public VersionRange Intersect(VersionRange other) => new(Math.Max(Low, other.Low), Math.Min(High, other.High));

    public bool Contains(int version) => version >= Low && version <= High;

    public bool Covers(VersionRange other) => other.IsEmpty || (Low <= other.Low && High >= other.High);

    /// <summary>A C# condition on <c>v</c> that holds in this range, given that <c>v</c> lies in <paramref name="within"/>.</summary>
    public string Condition(VersionRange within)
    {
        if (Covers(within)) return "true";
        VersionRange range = Intersect(within);
        if (range.IsEmpty) return "false";
        if (range.Low == range.High) return $"v == {range.Low}";
        if (range.Low <= within.Low) return $"v <= {range.High}";
        return range.High >= within.High ? $"v >= {range.Low}" : $"v is >= {range.Low} and <= {range.High}";
    }

    public override string ToString() =>
        IsEmpty ? "none" : High == short.MaxValue ? $"{Low}+" : Low == High ? $"{Low}" : $"{Low}-{High}";

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
