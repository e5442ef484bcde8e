using KBroker.LogEngine.Retention;

namespace KBroker.LogEngine.Tests.Retention;

public sealed class RetentionClockTests
{
    private readonly LeapingTime _time = new();

    [Fact]
    public void NowMs_ClockThatDoesNotLeap_IsTheWallClock()
    {
        var clock = new RetentionClock(_time);
        for (int i = 0; i < 10_000; i++)
        {
            Assert.Equal(_time.WallMs, clock.NowMs());
            _time.Pass(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public void NowMs_ClockThatSwings_StaysWithTheEarliest()
    {
        var clock = new RetentionClock(_time);
        long start = clock.NowMs();
        for (int i = 1; i <= 10_000; i++)
        {
            _time.Pass(TimeSpan.FromSeconds(1));
            _time.Ahead = TimeSpan.FromHours((i / 7 % 3) - 1);
            Assert.InRange(clock.NowMs() - start, (i * 1000L) - 3_600_000, i * 1000L);
        }
    }

    [Fact]
    public void NowMs_LeapForward_CountsOnceItLasted()
    {
        var clock = new RetentionClock(_time);
        long start = clock.NowMs();
        _time.Ahead = TimeSpan.FromDays(10);
        for (int minutes = 1; minutes < 60; minutes++)
        {
            _time.Pass(TimeSpan.FromMinutes(1));
            Assert.Equal(start + (minutes * 60_000), clock.NowMs());
        }

        _time.Pass(TimeSpan.FromHours(1));
        clock.NowMs();
        _time.Pass(TimeSpan.FromHours(1));
        Assert.Equal(_time.WallMs, clock.NowMs());
    }

    [Fact]
    public void NowMs_LeapBackward_CountsAtOnce()
    {
        var clock = new RetentionClock(_time);
        clock.NowMs();
        _time.Ahead = TimeSpan.FromHours(-1);
        Assert.Equal(_time.WallMs, clock.NowMs());
    }

    [Fact]
    public void NowMs_LeapBeforeTheFirstLook_CountsAsOne()
    {
        var clock = new RetentionClock(_time);
        long start = _time.WallMs;
        _time.Ahead = TimeSpan.FromDays(10);
        Assert.Equal(start, clock.NowMs());
    }

    private sealed class LeapingTime : TimeProvider
    {
        private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);
        private TimeSpan _passed;

        public TimeSpan Ahead { get; set; }

        public long WallMs => GetUtcNow().ToUnixTimeMilliseconds();

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Pass(TimeSpan time) => _passed += time;

        public override DateTimeOffset GetUtcNow() => Start + _passed + Ahead;

        public override long GetTimestamp() => _passed.Ticks;
    }
}
