using KBroker.Broker.Configuration;

namespace KBroker.Broker.Metadata;

/// <summary>
/// Bounds how long a request waits for the controller. What the controller was asked for goes on when the client's time is
/// over; the client then hears REQUEST_TIMED_OUT and has to look.
/// </summary>
/// <param name="time">Measures.</param>
/// <param name="config">The configuration now in force, for <c>request.timeout.ms</c>.</param>
public sealed class ControllerDeadline(TimeProvider time, Func<BrokerConfig> config)
{
    /// <summary>Waits for an answer.</summary>
    /// <param name="answer">The controller's answer.</param>
    /// <param name="timeoutMs">
    /// The client's own bound in milliseconds. 0 or less asks for no wait at all; as the controller answers in milliseconds,
    /// it stands for <c>request.timeout.ms</c>, so that the client hears what really became of its request.
    /// </param>
    /// <returns>The answer; null when the time is over.</returns>
    public async Task<TAnswer?> WaitAsync<TAnswer>(Task<TAnswer> answer, int timeoutMs)
        where TAnswer : class
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (answer.IsCompleted) return await answer.ConfigureAwait(false);
        TimeSpan bound = timeoutMs > 0 ? TimeSpan.FromMilliseconds(timeoutMs) : config().RequestTimeout;
        using var over = new CancellationTokenSource();
        Task first = await Task.WhenAny(answer, Task.Delay(bound, time, over.Token)).ConfigureAwait(false);
        if (first != answer) return null;
        await over.CancelAsync().ConfigureAwait(false);
        return await answer.ConfigureAwait(false);
    }
}
