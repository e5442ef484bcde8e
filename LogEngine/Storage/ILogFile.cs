using Microsoft.Win32.SafeHandles;

namespace KBroker.LogEngine.Storage;

/// <summary>
/// An open file, read and written by position. Every failure is a <see cref="StorageException"/>. Reads and writes of
/// different ranges may run at once.
/// </summary>
public interface ILogFile : IDisposable
{
    /// <summary>The path it was opened by; a rename does not change it.</summary>
    string Path { get; }

    /// <summary>The size in bytes.</summary>
    long Length { get; }

    /// <summary>The descriptor for zero-copy sends; null when the file lies in memory.</summary>
    SafeFileHandle? Handle { get; }

    /// <summary>Reads until the buffer is full or the file ends; returns the number of bytes read.</summary>
    int Read(Span<byte> buffer, long position);

    /// <summary>Writes all bytes, however often the system takes only a part of them.</summary>
    void Write(ReadOnlySpan<byte> bytes, long position);

    /// <summary>Cuts or extends the file; space allocated past the new end is given back.</summary>
    void SetLength(long length);

    /// <summary>Allocates disk space without changing the size. False when the file system cannot do that.</summary>
    /// <exception cref="StorageException">The disk or the quota is full, or the disk failed.</exception>
    bool Preallocate(long position, long length);

    /// <summary>Returns when the bytes and the size are on the disk (fdatasync).</summary>
    void Flush();
}
