using System.Runtime.InteropServices;

namespace KBroker.Benchmarks.Load.Servers;

/// <summary>
/// Touches memory once and gives it back. In a virtual machine the first touch of a page costs about ten times a later one,
/// which would fall on whoever writes files first.
/// </summary>
internal static unsafe class PageWarmer
{
    private const long PageSize = 4096;
    private const long MostBytes = 4L * 1024 * 1024 * 1024;

    public static void Touch()
    {
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 3;
        nuint bytes = (nuint)Math.Min(available, MostBytes);
        byte* memory = (byte*)NativeMemory.Alloc(bytes);
        for (nuint at = 0; at < bytes; at += (nuint)PageSize) memory[at] = 1;
        NativeMemory.Free(memory);
    }
}
