using System.Buffers.Binary;
using System.Text;

namespace KBroker.Benchmarks.Load.Wire;

/// <summary>Reads replies of non-flexible versions by hand, so that the load does not change when the codec does.</summary>
internal ref struct ReplyReader
{
    private ReadOnlySpan<byte> _left;

    /// <summary>Skips the correlation id.</summary>
    public ReplyReader(ReadOnlySpan<byte> reply) => _left = reply[4..];

    public short Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    public string? String()
    {
        short length = Int16();
        return length < 0 ? null : Encoding.UTF8.GetString(Take(length));
    }

    public ReadOnlySpan<byte> Bytes()
    {
        int length = Int32();
        return length < 0 ? default : Take(length);
    }

    /// <summary>Throws unless the next error code is none.</summary>
    public void Success(string api)
    {
        short error = Int16();
        if (error != 0) throw new InvalidOperationException($"{api} was answered with error {error}");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        ReadOnlySpan<byte> taken = _left[..count];
        _left = _left[count..];
        return taken;
    }
}
