using System.Diagnostics.CodeAnalysis;
using KBroker.Protocol.Wire;
using Microsoft.Win32.SafeHandles;

namespace KBroker.Broker.Connections;

/// <summary>Records that the transport sends from where they lie. Disposed once, after they were sent or dropped.</summary>
public interface ITransferSource : IRecordsSource, IDisposable
{
    /// <summary>The file and the offset in it, where a file descriptor stands behind the records.</summary>
    bool TryGetFile([NotNullWhen(true)] out SafeFileHandle? file, out long offset);

    /// <summary>Fills <paramref name="destination"/> with the bytes from <paramref name="offset"/> of the source on.</summary>
    void Read(int offset, Span<byte> destination);
}
