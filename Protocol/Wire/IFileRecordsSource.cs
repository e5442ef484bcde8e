using Microsoft.Win32.SafeHandles;

namespace KBroker.Protocol.Wire;

/// <summary>
/// Records of a response that lie in a file. The transport that is given one disposes it once, when it is sent or dropped.
/// </summary>
public interface IFileRecordsSource : IRecordsSource, IDisposable
{
    /// <summary>The file to send from without copying; null when it has no descriptor. Valid until the source is disposed.</summary>
    SafeFileHandle? Handle { get; }

    /// <summary>Where the records start in the file, in bytes.</summary>
    long Position { get; }

    /// <summary>
    /// Copies records from <paramref name="offset"/> within the source until the destination is full or the source ends;
    /// returns the number of bytes.
    /// </summary>
    int Read(Span<byte> destination, int offset);
}
