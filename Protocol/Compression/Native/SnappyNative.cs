using System.Runtime.InteropServices;

namespace KBroker.Protocol.Compression.Native;

/// <summary>The C interface of libsnappy. A result of 0 is success.</summary>
internal static unsafe partial class SnappyNative
{
    public const string Library = "libsnappy";

    static SnappyNative() => NativeLibraryLoader.Register();

    [LibraryImport(Library, EntryPoint = "snappy_compress")]
    public static partial int Compress(byte* input, nuint inputLength, byte* compressed, ref nuint compressedLength);

    [LibraryImport(Library, EntryPoint = "snappy_uncompress")]
    public static partial int Uncompress(byte* compressed, nuint compressedLength, byte* uncompressed, ref nuint uncompressedLength);

    [LibraryImport(Library, EntryPoint = "snappy_max_compressed_length")]
    public static partial nuint MaxCompressedLength(nuint sourceLength);

    [LibraryImport(Library, EntryPoint = "snappy_uncompressed_length")]
    public static partial int UncompressedLength(byte* compressed, nuint compressedLength, out nuint result);
}
