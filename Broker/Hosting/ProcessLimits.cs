using System.Runtime.InteropServices;
using KBroker.Broker.Configuration;
using KBroker.LogEngine.Limits;

namespace KBroker.Broker.Hosting;

/// <summary>
/// How the descriptors that the process may have are shared between segment files and connections. The runtime raises the soft
/// limit to the hard one before the program starts.
/// </summary>
/// <param name="Descriptors">RLIMIT_NOFILE.</param>
/// <param name="SegmentFiles">Segment files kept open between uses.</param>
/// <param name="Connections">Connections for which descriptors are left, at most <c>max.connections</c>.</param>
/// <param name="IndexBytes">Memory for the indexes of segments that no longer grow, in bytes.</param>
internal sealed partial record ProcessLimits(int Descriptors, int SegmentFiles, int Connections, long IndexBytes)
{
    // The runtime, the coordination store, listeners, and files that are open for a moment.
    private const int Reserve = 128;
    private const int UsualSegmentFiles = 4096;
    private const int FewestOfEach = 16;
    private const long SmallestIndexCache = 16 << 20;
    private const int IndexPartOfMemory = 32;
    private const int OpenFiles = 7;

    /// <summary>Those of this process and machine.</summary>
    public static ProcessLimits Of(BrokerConfig config) =>
        Share(config, ReadDescriptors(), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <summary>The shares of so many descriptors and bytes of memory.</summary>
    public static ProcessLimits Share(BrokerConfig config, int descriptors, long memory)
    {
        int usable = Math.Max(descriptors - Reserve, 2 * FewestOfEach);
        int files = Math.Min(config.LogDirs.OpenFilesMax ?? Math.Min(usable / 2, UsualSegmentFiles), usable - FewestOfEach);
        long indexes = config.LogDirs.IndexCacheBytes ?? Math.Max(memory / IndexPartOfMemory, SmallestIndexCache);
        return new ProcessLimits(descriptors, files, Math.Min(config.Sockets.MaxConnections, usable - files), indexes);
    }

    /// <summary>What the logs may keep open and in memory.</summary>
    public StorageBudget Storage() => new(SegmentFiles, IndexBytes);

    private static int ReadDescriptors()
    {
        Span<ulong> limits = stackalloc ulong[2];
        return GetLimit(OpenFiles, ref limits[0]) == 0 ? (int)Math.Min(limits[0], int.MaxValue) : UsualSegmentFiles;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, ref ulong softAndHard);
}
