using System.Runtime.InteropServices;

namespace KBroker.Cli;

/// <summary>
/// Standard output as bytes, written at once. Unlike the console's own stream it says so when nobody reads any more, so that a
/// command in a pipe can end; and unlike a file stream it leaves the position of a redirected file to the system.
/// </summary>
public sealed partial class StandardOutputStream : Stream
{
    private const int StandardOutput = 1;
    private const int Interrupted = 4;
    private const int TryAgain = 11;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            nint written = WriteDescriptor(StandardOutput, buffer, (nuint)buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }

            int error = Marshal.GetLastPInvokeError();
            if (error == TryAgain) WaitUntilWritable();
            else if (error != Interrupted)
                throw new IOException($"Cannot write to standard output: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }

    /// <summary>A pipe that someone else set to not block is waited for.</summary>
    private static void WaitUntilWritable()
    {
        const short Writable = 4;
        var descriptor = new PollDescriptor { Descriptor = StandardOutput, Events = Writable };
        _ = Poll(ref descriptor, 1, -1);
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteDescriptor(int descriptor, ReadOnlySpan<byte> buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int timeout);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
