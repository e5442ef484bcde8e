using System.Globalization;

namespace KBroker.LogEngine.Segments;

/// <summary>The names of a partition's files: the base offset in 20 digits and a suffix.</summary>
internal static class SegmentFileNames
{
    public const string Log = ".log";
    public const string OffsetIndex = ".index";
    public const string TimeIndex = ".timeindex";
    public const string TransactionIndex = ".txnindex";
    public const string ProducerSnapshot = ".snapshot";
    public const string Deleted = ".deleted";
    public const string Cleaned = ".cleaned";
    public const string Swap = ".swap";

    private const int Digits = 20;

    /// <summary>Every file that belongs to a segment and is replaced with it.</summary>
    public static readonly string[] AllSuffixes = [Log, OffsetIndex, TimeIndex, TransactionIndex];

    public static string For(string directory, long baseOffset, string suffix) =>
        Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{baseOffset:D20}{suffix}"));

    /// <summary>The path with one of the suffixes that a file bears while it is made or waits for its deletion; empty for none.</summary>
    public static string For(string directory, long baseOffset, string suffix, string stage) => For(directory, baseOffset, suffix) + stage;

    /// <summary>Splits <c>00000000000000000042.log</c>; false for other names.</summary>
    public static bool TryParse(string name, out long baseOffset, out ReadOnlySpan<char> suffix)
    {
        suffix = name.AsSpan(Math.Min(Digits, name.Length));
        return long.TryParse(name.AsSpan(0, Math.Min(Digits, name.Length)), NumberStyles.None, CultureInfo.InvariantCulture, out baseOffset)
            && name.Length > Digits && suffix[0] == '.';
    }
}
