using System.Globalization;

namespace KBroker.Cli.Commands;

/// <summary>Gathers bytes for a stream. What does not fit the buffer goes straight to the stream.</summary>
/// <param name="output">The stream; stays the caller's.</param>
public sealed class ByteSink(Stream output)
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _filled;

    /// <summary>Writes bytes.</summary>
    /// <exception cref="IOException">The stream does not take them.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _buffer.Length - _filled)
        {
            Flush();
            if (bytes.Length >= _buffer.Length)
            {
                output.Write(bytes);
                return;
            }
        }

        bytes.CopyTo(_buffer.AsSpan(_filled));
        _filled += bytes.Length;
    }

    /// <summary>Writes a number in decimal.</summary>
    /// <exception cref="IOException">The stream does not take it.</exception>
    public void Write(long number)
    {
        Span<byte> digits = stackalloc byte[20];
        number.TryFormat(digits, out int written, provider: CultureInfo.InvariantCulture);
        Write(digits[..written]);
    }

    /// <summary>Passes everything on to the stream.</summary>
    /// <exception cref="IOException">The stream does not take it.</exception>
    public void Flush()
    {
        int filled = _filled;
        _filled = 0;
        if (filled > 0) output.Write(_buffer.AsSpan(0, filled));
        output.Flush();
    }
}
