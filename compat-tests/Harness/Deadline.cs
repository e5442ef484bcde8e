using System.Diagnostics;

namespace KBroker.Compat.Tests.Harness;

/// <summary>Waits with an end: nothing in these tests waits for ever, and nothing waits longer than it must.</summary>
internal static class Deadline
{
    public static TimeSpan Default { get; } = TimeSpan.FromSeconds(60);

    public static async Task UntilAsync(Func<bool> condition, string what, TimeSpan? limit = null)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > (limit ?? Default)) throw new TimeoutException($"Waited in vain for: {what}");
            await Task.Delay(5);
        }
    }
}
