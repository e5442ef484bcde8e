using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>Record batches as producers send them.</summary>
internal static class Records
{
    public const long Time = 1_767_225_600_000;

    public static byte[] Batch(int count = 1, int valueSize = 20, CompressionType compression = CompressionType.None, long time = Time)
    {
        var builder = new RecordBatchBuilder(new RecordBatchOptions { CompressionType = compression }, new CompressionCodecs());
        for (int i = 0; i < count; i++) builder.Append(time + i, [(byte)i], Value(i, valueSize), null);
        return builder.ToArray();
    }

    public static IReadOnlyList<(long Offset, long Timestamp, byte[] Value)> Read(ReadOnlyMemory<byte> batches)
    {
        var found = new List<(long, long, byte[])>();
        using var codecs = new CompressionCodecs();
        using var reader = new RecordBatchReader(codecs);
        var batch = new RecordBatchEnumerator(batches.Span);
        while (batch.MoveNext())
        {
            RecordEnumerator records = reader.Read(batch.CurrentBytes);
            while (records.MoveNext()) found.Add((records.Current.Offset, records.Current.Timestamp, records.Current.Value.ToArray()));
        }

        return found;
    }

    private static byte[] Value(int seed, int size)
    {
        var value = new byte[size];
        new Random(seed).NextBytes(value);
        return value;
    }
}
