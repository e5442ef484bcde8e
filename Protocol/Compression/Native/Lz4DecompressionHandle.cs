using System.Runtime.InteropServices;

namespace KBroker.Protocol.Compression.Native;

/// <summary>Owns an LZ4F decompression context.</summary>
internal sealed class Lz4DecompressionHandle : SafeHandle
{
    public Lz4DecompressionHandle()
        : base(0, ownsHandle: true)
    {
        nuint result = Lz4Native.CreateDecompressionContext(out nint context, Lz4Native.Version);
        if (Lz4Native.IsError(result) != 0) throw new InsufficientMemoryException("liblz4 gave no decompression context");
        SetHandle(context);
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => Lz4Native.IsError(Lz4Native.FreeDecompressionContext(handle)) == 0;
}
