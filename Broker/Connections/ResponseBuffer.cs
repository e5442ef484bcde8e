using System.Buffers;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Connections;

/// <summary>
/// One encoded response as the transport sends it: bytes in memory with sources spliced in at rising positions. A connection
/// reuses one for all its responses; between them it holds no memory.
/// </summary>
public sealed class ResponseBuffer
{
    private readonly List<Splice> _splices = [];
    private byte[] _bytes = [];
    private int _length;

    /// <summary>A source whose bytes go out before the byte at <paramref name="Position"/> of <see cref="Bytes"/>.</summary>
    public readonly record struct Splice(int Position, IFileRecordsSource Source);

    /// <summary>All bytes that lie in memory.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    /// <summary>The sources, in order.</summary>
    public IReadOnlyList<Splice> Splices => _splices;

    /// <summary>Whether all of the response lies in memory.</summary>
    public bool IsInMemory => _splices.Count == 0;

    /// <summary>Takes memory for <paramref name="length"/> bytes, contents undefined.</summary>
    internal Span<byte> Allocate(int length)
    {
        Reset();
        _bytes = ArrayPool<byte>.Shared.Rent(length);
        _length = length;
        return _bytes.AsSpan(0, length);
    }

    /// <summary>Shortens the bytes to those in use.</summary>
    internal void Truncate(int length) => _length = length;

    /// <summary>Appends a source, which the buffer then owns, at a position not below the one before.</summary>
    internal void Add(int position, IFileRecordsSource source) => _splices.Add(new Splice(position, source));

    /// <summary>Gives memory back and releases the sources.</summary>
    internal void Reset()
    {
        foreach (Splice splice in _splices) splice.Source.Dispose();
        _splices.Clear();
        _length = 0;
        if (_bytes.Length == 0) return;
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }
}
