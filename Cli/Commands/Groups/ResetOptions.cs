using System.CommandLine;
using System.CommandLine.Parsing;

namespace KBroker.Cli.Commands.Groups;

/// <summary>The options that say where <c>reset-offsets</c> sets offsets to.</summary>
public sealed class ResetOptions
{
    private readonly Option<bool> _toEarliest = new("--to-earliest") { Description = "To the first offset that the partition holds" };
    private readonly Option<bool> _toLatest = new("--to-latest") { Description = "To the end" };
    private readonly Option<bool> _toCurrent = new("--to-current") { Description = "To what is committed; to the end where nothing is" };
    private readonly Option<long?> _toOffset = NumberOption.Int64("--to-offset", "To an offset", "offset", lowest: 0);

    private readonly Option<long?> _shiftBy = NumberOption.Int64(
        "--shift-by", "By so many records from what is committed, backwards with a minus sign", "records", long.MinValue);

    private readonly Option<string?> _toDatetime = new("--to-datetime")
    {
        Description = "To the first record from a time on, such as 2025-03-31T08:00:00.000 (UTC) or with +02:00",
        HelpName = "time",
    };

    private readonly Option<string?> _byDuration = new("--by-duration")
    {
        Description = "To the first record from a time before now on, such as PT1H30M or P7D",
        HelpName = "duration",
    };

    private Option[] All => [_toEarliest, _toLatest, _toCurrent, _toOffset, _shiftBy, _toDatetime, _byDuration];

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        foreach (Option option in All) command.Add(option);
    }

    /// <summary>Checks that one is given where one is needed, and that it can be read.</summary>
    public void Check(CommandResult result, bool isNeeded)
    {
        ArgumentNullException.ThrowIfNull(result);
        Option[] given = [.. All.Where(option => result.GetResult(option) is { Implicit: false })];
        string names = string.Join(", ", All.Select(option => option.Name));
        if (isNeeded && given.Length != 1) result.AddError($"reset-offsets needs exactly one of {names}");
        if (!isNeeded && given.Length > 0) result.AddError($"{given[0].Name} goes only with reset-offsets");
        if (result.GetValue(_toDatetime) is { } time && ResetTime.ParseDatetime(time) is null)
            result.AddError($"--to-datetime '{time}': expected YYYY-MM-DDThh:mm:ss.sss, perhaps with Z or +hh:mm");
        if (result.GetValue(_byDuration) is { } duration && ResetTime.ParseDuration(duration) is null)
            result.AddError($"--by-duration '{duration}': expected PnDTnHnMnS, such as P1DT12H or PT30M");
    }

    /// <summary>What was asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="now">The time of day.</param>
    public ResetTarget Target(ParseResult parsed, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        if (parsed.GetValue(_toEarliest)) return new ResetTarget(ResetKind.Earliest);
        if (parsed.GetValue(_toLatest)) return new ResetTarget(ResetKind.Latest);
        if (parsed.GetValue(_toCurrent)) return new ResetTarget(ResetKind.Current);
        if (parsed.GetValue(_toOffset) is { } offset) return new ResetTarget(ResetKind.Offset, offset);
        if (parsed.GetValue(_shiftBy) is { } records) return new ResetTarget(ResetKind.Shift, records);
        DateTimeOffset time = parsed.GetValue(_toDatetime) is { } text
            ? ResetTime.ParseDatetime(text)!.Value
            : ResetTime.Before(now, ResetTime.ParseDuration(parsed.GetValue(_byDuration)!)!.Value);
        return new ResetTarget(ResetKind.Time, time.ToUnixTimeMilliseconds());
    }
}
