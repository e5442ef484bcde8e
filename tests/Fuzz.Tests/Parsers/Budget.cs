using System.Diagnostics;
using System.Globalization;

namespace KBroker.Fuzz.Tests.Parsers;

/// <summary>How long a parser is fuzzed, and the bounds that every single input must keep.</summary>
internal static class Budget
{
    private const double Share = 1.0 / 20;

    // Draws come from fixed seeds: with a fixed number of them, every machine tries the same cases.
    private const int DefaultCases = 50_000;

    /// <summary>
    /// Runs a fixed number of cases, fewer when time is short; or until its share of KBROKER_FUZZ_SECONDS is used up, where that
    /// is set. Returns how many were run.
    /// </summary>
    public static int Run(Action once)
    {
        bool isSet = int.TryParse(Environment.GetEnvironmentVariable("KBROKER_FUZZ_SECONDS"), NumberStyles.Integer, CultureInfo.InvariantCulture, out int seconds);
        double limit = Math.Max(1, (isSet ? seconds : 60) * Share);
        long started = Stopwatch.GetTimestamp();
        int cases = 0;
        for (; Stopwatch.GetElapsedTime(started).TotalSeconds < limit && (isSet || cases < DefaultCases); cases++) once();
        return cases;
    }

    /// <summary>Runs the code under the bound on memory: 16 times the input and 1 MB.</summary>
    public static void Within(int inputSize, Action parse, Func<string> describe)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        parse();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= (16L * inputSize) + (1 << 20), $"{allocated} bytes allocated for {inputSize}: {describe()}");
    }
}
