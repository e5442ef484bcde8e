using System.Buffers.Binary;
using System.Text;

namespace KBroker.Compat.Tests.Harness;

/// <summary>
/// The form in which records pass between these tests and the client scripts, big-endian: partition int32 (-1: the client's partitioner
/// chooses), offset int64, timestamp int64 (-1: the client's clock), then key, value (int32 length, -1 for null, and bytes), header count
/// int32 and for each header name and value as the key is written.
/// </summary>
internal static class RecordFrames
{
    public static byte[] Write(IEnumerable<ClientRecord> records)
    {
        var stream = new MemoryStream();
        foreach (ClientRecord record in records)
        {
            WriteInt(stream, record.Partition);
            WriteLong(stream, record.Offset);
            WriteLong(stream, record.Timestamp);
            WriteBytes(stream, record.Key);
            WriteBytes(stream, record.Value);
            WriteInt(stream, record.Headers.Count);
            foreach ((string name, byte[]? value) in record.Headers)
            {
                WriteBytes(stream, Encoding.UTF8.GetBytes(name));
                WriteBytes(stream, value);
            }
        }

        return stream.ToArray();
    }

    public static List<ClientRecord> Read(byte[] frames)
    {
        var records = new List<ClientRecord>();
        for (int position = 0; position < frames.Length;)
        {
            int partition = ReadInt(frames, ref position);
            long offset = ReadLong(frames, ref position);
            long timestamp = ReadLong(frames, ref position);
            byte[]? key = ReadBytes(frames, ref position);
            byte[]? value = ReadBytes(frames, ref position);
            var headers = new List<(string, byte[]?)>();
            for (int left = ReadInt(frames, ref position); left > 0; left--)
                headers.Add((Encoding.UTF8.GetString(ReadBytes(frames, ref position)!), ReadBytes(frames, ref position)));
            records.Add(new(partition, offset, timestamp, key, value) { Headers = headers });
        }

        return records;
    }

    private static void WriteInt(Stream stream, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void WriteLong(Stream stream, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void WriteBytes(Stream stream, byte[]? value)
    {
        WriteInt(stream, value?.Length ?? -1);
        stream.Write(value);
    }

    private static int ReadInt(byte[] from, ref int position)
    {
        int value = BinaryPrimitives.ReadInt32BigEndian(from.AsSpan(position));
        position += 4;
        return value;
    }

    private static long ReadLong(byte[] from, ref int position)
    {
        long value = BinaryPrimitives.ReadInt64BigEndian(from.AsSpan(position));
        position += 8;
        return value;
    }

    private static byte[]? ReadBytes(byte[] from, ref int position)
    {
        int length = ReadInt(from, ref position);
        if (length < 0) return null;
        byte[] value = from.AsSpan(position, length).ToArray();
        position += length;
        return value;
    }
}
