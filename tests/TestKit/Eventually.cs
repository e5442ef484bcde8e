using System.Diagnostics;

namespace KBroker.TestKit;

/// <summary>Waits for a condition that other threads bring about.</summary>
public static class Eventually
{
    public static Task TrueAsync(Func<bool> condition, string what, int timeoutSeconds = 20) =>
        TrueAsync(() => Task.FromResult(condition()), what, timeoutSeconds);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what, int timeoutSeconds = 20)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start).TotalSeconds > timeoutSeconds) throw new TimeoutException($"Waited in vain for: {what}");
            await Task.Delay(2);
        }
    }
}
