using System.Runtime.InteropServices;

namespace KBroker.Protocol.Compression.Native;

/// <summary>Owns a zstd decompression context, whose memory grows with the window of the frames it has read.</summary>
internal sealed class ZstdDecompressionHandle : SafeHandle
{
    public ZstdDecompressionHandle()
        : base(0, ownsHandle: true)
    {
        SetHandle(ZstdNative.CreateDecompressionContext());
        if (IsInvalid) throw new InsufficientMemoryException("libzstd gave no decompression context");
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => ZstdNative.IsError(ZstdNative.FreeDecompressionContext(handle)) == 0;
}
