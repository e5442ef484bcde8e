using KBroker.Protocol.Wire;

namespace KBroker.Broker.Connections;

/// <summary>
/// Encodes responses of one connection. Records that lie in files stay there, unless they are small: below about 64 KB a
/// copy costs less than a system call more.
/// </summary>
internal sealed class ResponseEncoder
{
    /// <summary>Larger sources are never copied.</summary>
    internal const int LargestInlined = (64 << 10) - 1;

    private const int InlinedPerResponse = 256 << 10;

    private readonly List<RecordsSplice> _splices = [];

    /// <summary>Encodes a response into <paramref name="target"/>, which from then on owns its sources.</summary>
    /// <exception cref="MessageEncodingException">The version cannot carry a value; the sources are released.</exception>
    public void Encode(IApiMessage message, short version, int correlationId, ResponseBuffer target)
    {
        int size = ResponseFrame.GetSize(message, version, out long splicedBytes);
        int room = (int)Math.Min(splicedBytes, InlinedPerResponse);
        Span<byte> bytes = target.Allocate(size + room);
        try
        {
            ResponseFrame.Write(bytes[room..], message, version, correlationId, splicedBytes, _splices);
            target.Truncate(Interleave(bytes, room, target));
        }
        finally
        {
            foreach (RecordsSplice left in _splices) (left.Source as IDisposable)?.Dispose();
            _splices.Clear();
        }
    }

    /// <summary>Releases the sources of a response that will not be sent.</summary>
    public static void Discard(IApiMessage message, short version)
    {
        if (ResponseFrame.GetSize(message, version, out long splicedBytes) is var size && splicedBytes == 0) return;
        var splices = new List<RecordsSplice>();
        ResponseFrame.Write(new byte[size], message, version, 0, splicedBytes, splices);
        foreach (RecordsSplice splice in splices) (splice.Source as IDisposable)?.Dispose();
    }

    /// <summary>
    /// The message was written behind <paramref name="room"/> free bytes. Moves its pieces to the front and small sources
    /// between them; what was read is always ahead of what is written. Returns the bytes in use.
    /// </summary>
    private int Interleave(Span<byte> bytes, int room, ResponseBuffer target)
    {
        int written = 0;
        int read = room;
        for (int i = 0; i < _splices.Count; i++)
        {
            var source = (IFileRecordsSource)_splices[i].Source;
            int end = room + _splices[i].Position;
            bytes[read..end].CopyTo(bytes[written..]);
            written += end - read;
            read = end;
            if (source.Length <= Math.Min(LargestInlined, read - written))
            {
                if (source.Read(bytes.Slice(written, source.Length), 0) != source.Length)
                    throw new IOException("A file ended before the records sent from it did.");
                written += source.Length;
            }
            else
            {
                target.Add(written, source);
                _splices[i] = default;
            }
        }

        bytes[read..].CopyTo(bytes[written..]);
        return written + bytes.Length - read;
    }
}
