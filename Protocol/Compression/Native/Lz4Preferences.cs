using System.Runtime.InteropServices;

namespace KBroker.Protocol.Compression.Native;

/// <summary>LZ4F_preferences_t with its LZ4F_frameInfo_t spread out; what is not named stays zero.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Lz4Preferences
{
    /// <summary>4 is 64 KB, the block size of Kafka's own frames.</summary>
    public int BlockSizeId;

    /// <summary>1 is independent blocks: Kafka's reader refuses linked ones.</summary>
    public int BlockMode;

    public int ContentChecksum;
    public int FrameType;
    public ulong ContentSize;
    public uint DictionaryId;
    public int BlockChecksum;
    public int CompressionLevel;
    public uint AutoFlush;
    public uint FavorDecompressionSpeed;
    public uint Reserved0;
    public uint Reserved1;
    public uint Reserved2;
}
