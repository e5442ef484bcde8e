using System.Text;
using KBroker.Protocol.Wire;

namespace KBroker.Protocol.Records;

/// <summary>Writes the fields of a record of magic 2.</summary>
internal static class RecordEncoding
{
    public static int SizeOfHeaders(IReadOnlyList<RecordHeader>? headers)
    {
        int size = 0;
        for (int i = 0; i < (headers?.Count ?? 0); i++)
        {
            int key = Encoding.UTF8.GetByteCount(headers![i].Key);
            int value = headers[i].Value?.Length ?? -1;
            size = checked(size + VarInt.SizeOf(key) + key + VarInt.SizeOf(value) + Math.Max(value, 0));
        }

        return size;
    }

    public static void WriteHeaders(Span<byte> destination, IReadOnlyList<RecordHeader> headers)
    {
        for (int i = 0; i < headers.Count; i++)
        {
            RecordHeader header = headers[i];
            int at = VarInt.Write(destination, Encoding.UTF8.GetByteCount(header.Key));
            at += Encoding.UTF8.GetBytes(header.Key, destination[at..]);
            at += VarInt.Write(destination[at..], header.Value?.Length ?? -1);
            if (header.Value is { } value)
            {
                value.CopyTo(destination[at..]);
                at += value.Length;
            }

            destination = destination[at..];
        }
    }

    /// <summary>The fields of a record that are neither key, value nor headers. Lengths of -1 stand for null.</summary>
    public readonly struct Head(long timestampDelta, int offsetDelta, int keyLength, int valueLength, int headerCount)
    {
        /// <summary>Their bytes, the attributes included, the record's own length not.</summary>
        public int Size => 1
            + VarInt.SizeOfLong(timestampDelta)
            + VarInt.SizeOf(offsetDelta)
            + VarInt.SizeOf(keyLength)
            + VarInt.SizeOf(valueLength)
            + VarInt.SizeOf(headerCount);

        /// <summary>Writes everything but the headers; returns where they belong.</summary>
        public int Write(Span<byte> destination, int bodySize, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            int at = VarInt.Write(destination, bodySize);
            destination[at++] = 0;
            at += VarInt.WriteLong(destination[at..], timestampDelta);
            at += VarInt.Write(destination[at..], offsetDelta);
            at += VarInt.Write(destination[at..], keyLength);
            key.CopyTo(destination[at..]);
            at += key.Length;
            at += VarInt.Write(destination[at..], valueLength);
            value.CopyTo(destination[at..]);
            at += value.Length;
            return at + VarInt.Write(destination[at..], headerCount);
        }
    }
}
