using System.Buffers.Binary;
using System.Globalization;

namespace KBroker.Compat.Tests.Harness;

/// <summary>The batches in a partition's first segment file, read as any tool that knows Kafka's format would.</summary>
internal static class StoredBatches
{
    private const int HeaderSize = 61;
    private static readonly string[] Codecs = ["none", "gzip", "snappy", "lz4", "zstd"];

    public static List<StoredBatch> Of(BrokerProcess broker, string topic, int partition)
    {
        string directory = string.Create(CultureInfo.InvariantCulture, $"{broker.Directory}/{topic}-{partition}");
        using FileStream file = new(
            Path.Combine(directory, "00000000000000000000.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var batches = new List<StoredBatch>();
        byte[] header = new byte[HeaderSize];
        while (file.ReadAtLeast(header, HeaderSize, throwOnEndOfStream: false) == HeaderSize)
        {
            int size = 12 + BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(8));
            Assert.Equal(2, header[16]);
            batches.Add(new(
                BinaryPrimitives.ReadInt64BigEndian(header), size, Codecs[header[22] & 7], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(57))));
            file.Position += size - HeaderSize;
        }

        Assert.NotEmpty(batches);
        return batches;
    }
}
