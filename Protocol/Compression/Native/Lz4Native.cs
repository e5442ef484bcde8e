using System.Runtime.InteropServices;

namespace KBroker.Protocol.Compression.Native;

/// <summary>The frame interface of liblz4 (LZ4F). Sizes that <see cref="IsError"/> says so of are errors.</summary>
internal static unsafe partial class Lz4Native
{
    public const string Library = "liblz4";

    /// <summary>The version of the interface that the structures here follow: LZ4F_VERSION.</summary>
    public const uint Version = 100;

    static Lz4Native() => NativeLibraryLoader.Register();

    [LibraryImport(Library, EntryPoint = "LZ4F_isError")]
    [SuppressGCTransition]
    public static partial uint IsError(nuint code);

    [LibraryImport(Library, EntryPoint = "LZ4F_compressFrameBound")]
    public static partial nuint CompressFrameBound(nuint sourceSize, in Lz4Preferences preferences);

    [LibraryImport(Library, EntryPoint = "LZ4F_compressFrame")]
    public static partial nuint CompressFrame(
        byte* destination, nuint capacity, byte* source, nuint sourceSize, in Lz4Preferences preferences);

    [LibraryImport(Library, EntryPoint = "LZ4F_createDecompressionContext")]
    public static partial nuint CreateDecompressionContext(out nint context, uint version);

    [LibraryImport(Library, EntryPoint = "LZ4F_freeDecompressionContext")]
    public static partial nuint FreeDecompressionContext(nint context);

    [LibraryImport(Library, EntryPoint = "LZ4F_resetDecompressionContext")]
    public static partial void ResetDecompressionContext(Lz4DecompressionHandle context);

    [LibraryImport(Library, EntryPoint = "LZ4F_decompress")]
    public static partial nuint Decompress(
        Lz4DecompressionHandle context,
        byte* destination,
        ref nuint destinationSize,
        byte* source,
        ref nuint sourceSize,
        nint options);
}
