using System.Reflection;
using System.Runtime.InteropServices;

namespace KBroker.Protocol.Compression.Native;

/// <summary>
/// Finds the C libraries by the names under which distributions install them: without the development package there is no plain
/// <c>libzstd.so</c>.
/// </summary>
internal static class NativeLibraryLoader
{
    private static readonly NativeLibraryName[] Known =
    [
        new(Lz4Native.Library, "liblz4-1", ["liblz4.so.1", "liblz4.so", "liblz4.1.dylib", "liblz4.dylib"]),
        new(ZstdNative.Library, "libzstd1", ["libzstd.so.1", "libzstd.so", "libzstd.1.dylib", "libzstd.dylib"]),
        new(SnappyNative.Library, "libsnappy1v5", ["libsnappy.so.1", "libsnappy.so", "libsnappy.1.dylib", "libsnappy.dylib"]),
    ];

    static NativeLibraryLoader() => NativeLibrary.SetDllImportResolver(typeof(NativeLibraryLoader).Assembly, Resolve);

    /// <summary>Makes this class the resolver of the assembly; to be called before the first import is.</summary>
    public static void Register()
    {
        // The work is done by the static constructor, once.
    }

    /// <summary>Loads a library by the first of its file names that is there.</summary>
    /// <exception cref="NativeLibraryMissingException">None is.</exception>
    public static nint Load(NativeLibraryName name)
    {
        foreach (string file in name.FileNames)
        {
            if (NativeLibrary.TryLoad(file, out nint handle)) return handle;
        }

        throw new NativeLibraryMissingException(name.Name, name.PackageName);
    }

    private static nint Resolve(string library, Assembly assembly, DllImportSearchPath? searchPath)
    {
        foreach (NativeLibraryName name in Known)
        {
            if (name.Name == library) return Load(name);
        }

        return 0;
    }
}
