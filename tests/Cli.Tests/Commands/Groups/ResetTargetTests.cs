using KBroker.Cli.Commands.Groups;

namespace KBroker.Cli.Tests.Commands.Groups;

/// <summary>Where offsets are set to, and the times and topics that say so.</summary>
public sealed class ResetTargetTests
{
    private static readonly (long, long) TenToTwenty = (10, 20);

    [Theory]
    [InlineData(ResetKind.Earliest, 0, null, 10)]
    [InlineData(ResetKind.Latest, 0, 15L, 20)]
    [InlineData(ResetKind.Current, 0, 15L, 15)]
    [InlineData(ResetKind.Current, 0, null, 20)]
    [InlineData(ResetKind.Offset, 12, null, 12)]
    [InlineData(ResetKind.Shift, 3, 12L, 15)]
    [InlineData(ResetKind.Shift, -2, 12L, 10)]
    [InlineData(ResetKind.Time, 1_000, 12L, 17)]
    public void Offset_InRange_IsWhatWasAskedFor(ResetKind kind, long value, long? committed, long expected)
    {
        Assert.Equal(expected, new ResetTarget(kind, value).Offset(TenToTwenty, committed, 17, out string? warning));
        Assert.Null(warning);
    }

    [Theory]
    [InlineData(ResetKind.Offset, 21, null, 20)]
    [InlineData(ResetKind.Offset, 9, null, 10)]
    [InlineData(ResetKind.Shift, 100, 12L, 20)]
    [InlineData(ResetKind.Shift, -100, 12L, 10)]
    [InlineData(ResetKind.Shift, long.MaxValue, 12L, 20)]
    [InlineData(ResetKind.Shift, long.MinValue, 12L, 10)]
    [InlineData(ResetKind.Current, 0, 5L, 10)]
    public void Offset_OutOfRange_BecomesTheNearestWithAWarning(ResetKind kind, long value, long? committed, long expected)
    {
        Assert.Equal(expected, new ResetTarget(kind, value).Offset(TenToTwenty, committed, 17, out string? warning));
        Assert.NotNull(warning);
    }

    [Fact]
    public void Offset_ShiftFromNothing_CannotBeTold() => Assert.Null(new ResetTarget(ResetKind.Shift, 1).Offset(TenToTwenty, null, 17, out _));

    [Theory]
    [InlineData("2024-02-29T12:30:15.250", 1_709_209_815_250)]
    [InlineData("2024-02-29T12:30:15.250Z", 1_709_209_815_250)]
    [InlineData("2024-02-29T14:30:15.250+02:00", 1_709_209_815_250)]
    [InlineData("2024-02-29T14:30:15.250+0200", 1_709_209_815_250)]
    [InlineData("2024-02-29T07:30:15.250-05", 1_709_209_815_250)]
    [InlineData("2024-02-29T12:30:15", 1_709_209_815_000)]
    [InlineData("2024-02-29T12:30", 1_709_209_800_000)]
    public void ParseDatetime_Time_IsUtcUnlessItSaysOtherwise(string text, long expected) =>
        Assert.Equal(expected, ResetTime.ParseDatetime(text)!.Value.ToUnixTimeMilliseconds());

    [Theory]
    [InlineData("")]
    [InlineData("2024-02-29")]
    [InlineData("2023-02-29T00:00:00.000")]
    [InlineData("29.02.2024T12:00:00.000")]
    [InlineData("yesterday")]
    public void ParseDatetime_NoTime_IsNull(string text) => Assert.Null(ResetTime.ParseDatetime(text));

    [Theory]
    [InlineData("P1D", 86_400)]
    [InlineData("PT1H30M", 5_400)]
    [InlineData("P1DT2H3M4S", 93_784)]
    [InlineData("PT0.5S", 0.5)]
    public void ParseDuration_Duration_IsItsSeconds(string text, double seconds) => Assert.Equal(seconds, ResetTime.ParseDuration(text)!.Value.TotalSeconds);

    [Theory]
    [InlineData("")]
    [InlineData("P")]
    [InlineData("PT")]
    [InlineData("P1Y")]
    [InlineData("P1M")]
    [InlineData("P1DT")]
    [InlineData("1D")]
    [InlineData("-P1D")]
    [InlineData("P999999999D")]
    public void ParseDuration_NoDuration_IsNull(string text) => Assert.Null(ResetTime.ParseDuration(text));

    [Fact]
    public void Before_LongerThanTimeItself_Is1970() =>
        Assert.Equal(DateTimeOffset.UnixEpoch, ResetTime.Before(DateTimeOffset.UnixEpoch.AddDays(1), TimeSpan.FromDays(900_000)));

    [Theory]
    [InlineData("orders", "orders", null)]
    [InlineData("orders:3", "orders", "3")]
    [InlineData("orders:3,1,3", "orders", "1,3")]
    public void TopicSelection_Text_IsRead(string text, string topic, string? partitions)
    {
        TopicSelection selection = TopicSelection.Parse(text, out _)!;
        Assert.Equal((topic, partitions), (selection.Topic, selection.Partitions is null ? null : string.Join(',', selection.Partitions)));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":1")]
    [InlineData("orders:")]
    [InlineData("orders:a")]
    [InlineData("orders:-1")]
    public void TopicSelection_NoSelection_SaysWhy(string text)
    {
        Assert.Null(TopicSelection.Parse(text, out string problem));
        Assert.NotEmpty(problem);
    }
}
