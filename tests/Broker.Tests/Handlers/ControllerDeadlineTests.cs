using KBroker.Broker.Configuration;
using KBroker.Broker.Metadata;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Handlers;

public sealed class ControllerDeadlineTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly BrokerConfig _config = BrokerConfig.FromSettings(("request.timeout.ms", "5000"));

    [Theory]
    [InlineData(200, 200)]
    [InlineData(0, 5000)]
    [InlineData(-1, 5000)]
    public async Task Wait_ControllerSilent_EndsWithTheBound(int timeoutMs, int boundMs)
    {
        Task<string?> waiting = new ControllerDeadline(_time, () => _config).WaitAsync(new TaskCompletionSource<string>().Task, timeoutMs);
        _time.Advance(TimeSpan.FromMilliseconds(boundMs - 1));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(await waiting.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Wait_ControllerAnswers_GivesTheAnswer()
    {
        var answer = new TaskCompletionSource<string>();
        Task<string?> waiting = new ControllerDeadline(_time, () => _config).WaitAsync(answer.Task, 200);
        answer.SetResult("done");
        Assert.Equal("done", await waiting.WaitAsync(TimeSpan.FromSeconds(20)));
    }
}
