using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace KBroker.Benchmarks.Load.Servers;

/// <summary>What Linux knows about a process.</summary>
internal static partial class Linux
{
    /// <summary>
    /// The CPU time a process has used, user and system: the same account as <c>/proc/PID/stat</c>, read in nanoseconds
    /// instead of hundredths of a second.
    /// </summary>
    public static double CpuSeconds(int pid)
    {
        // A process's CPU clock: its id negated, shifted over the three bits that choose "scheduler, whole process".
        int clock = (~pid << 3) | 2;
        if (ClockGetTime(clock, out Timespec time) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
        return time.Seconds + (time.Nanoseconds / 1e9);
    }

    /// <summary>The resident memory of a process, bytes.</summary>
    public static long ResidentBytes(int pid)
    {
        string line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Asks a process to end.</summary>
    public static void Terminate(int pid) => _ = Kill(pid, 15);

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ClockGetTime(int clock, out Timespec time);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
