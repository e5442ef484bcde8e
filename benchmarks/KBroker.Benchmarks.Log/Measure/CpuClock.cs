using System.Runtime.InteropServices;

namespace KBroker.Benchmarks.Log.Measure;

/// <summary>CPU time, user and system together, in nanoseconds: what neighbours on the machine do not stretch.</summary>
internal static unsafe partial class CpuClock
{
    private const int OfProcess = 2;
    private const int OfThread = 3;

    /// <summary>Of the calling thread.</summary>
    public static long Thread => Read(OfThread);

    /// <summary>Of all threads of this process.</summary>
    public static long Process => Read(OfProcess);

    private static long Read(int clock)
    {
        long* time = stackalloc long[2];
        return GetTime(clock, time) == 0 ? (time[0] * 1_000_000_000) + time[1] : throw new InvalidOperationException("no CPU clock");
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, long* time);
}
