using System.Runtime.InteropServices;

namespace KBroker.Protocol.Compression.Native;

/// <summary>Owns a zstd compression context.</summary>
internal sealed class ZstdCompressionHandle : SafeHandle
{
    public ZstdCompressionHandle()
        : base(0, ownsHandle: true)
    {
        SetHandle(ZstdNative.CreateCompressionContext());
        if (IsInvalid) throw new InsufficientMemoryException("libzstd gave no compression context");
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => ZstdNative.IsError(ZstdNative.FreeCompressionContext(handle)) == 0;
}
