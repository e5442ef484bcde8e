using System.Globalization;
using System.Text.RegularExpressions;

namespace KBroker.Cli.Commands.Groups;

/// <summary>Reads times and durations as kafka-consumer-groups does.</summary>
public static partial class ResetTime
{
    private static readonly string[] Formats =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mmK",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", "yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mmzzz",
    ];

    /// <summary>A time, of UTC where it has no zone; null if the text is none.</summary>
    public static DateTimeOffset? ParseDatetime(string text)
    {
        // +0200 and +02 mean +02:00.
        Match zone = ShortZone().Match(text);
        if (zone.Success) text = $"{text[..zone.Index]}{zone.Groups[1].Value}:{(zone.Groups[2].Length > 0 ? zone.Groups[2].Value : "00")}";
        return DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time
            : null;
    }

    /// <summary>A duration of days, hours, minutes and seconds (ISO 8601); null if the text is none.</summary>
    public static TimeSpan? ParseDuration(string text)
    {
        Match match = Duration().Match(text);
        if (!match.Success || !match.Groups.Values.Skip(1).Any(group => group.Success)) return null;
        decimal seconds = (Number(1) * 86_400) + (Number(2) * 3_600) + (Number(3) * 60) + Number(4);
        return seconds <= 100_000_000_000 ? TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond)) : null;

        decimal Number(int group) =>
            match.Groups[group].Success ? decimal.Parse(match.Groups[group].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>A time before another, 1970 at the earliest.</summary>
    public static DateTimeOffset Before(DateTimeOffset now, TimeSpan duration) =>
        now - DateTimeOffset.UnixEpoch <= duration ? DateTimeOffset.UnixEpoch : now - duration;

    [GeneratedRegex(@"(?<=T.*)([+-]\d\d)(\d\d)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex ShortZone();

    [GeneratedRegex(@"\AP(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,7})?)S)?)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Duration();
}
