using System.IO.Compression;
using System.Text.Json;
using KBroker.Fuzz.Tests.Schemas;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Fuzz.Tests;

/// <summary>The requests that mutations start from: recorded ones of real clients, and for the rest ones drawn from schemas.</summary>
internal static class Corpus
{
    private const int DrawnPerVersion = 6;

    /// <summary>Requests that real clients sent; see Recorder/record.py.</summary>
    public static IReadOnlyList<byte[]> Recorded { get; } = LoadRecorded();

    /// <summary>All seeds for the APIs that a broker serves.</summary>
    public static List<byte[]> Seeds(Random random, IReadOnlyList<string> topics, IReadOnlyList<Guid> topicIds, Func<short, VersionSpan> served)
    {
        var seeds = new List<byte[]>();
        foreach (byte[] frame in Recorded) seeds.Add(frame);
        var writer = new SeedWriter(random, new SeedValues(topics, topicIds, Batches()));
        foreach (MessageSchema schema in SchemaCatalog.Instance.Requests.OrderBy(schema => schema.ApiKey))
        {
            for (short version = (short)schema.Valid.Lowest; schema.Valid.Contains(version); version++)
            {
                // One of what is not served too: it must close the connection.
                int count = served(schema.ApiKey).Contains(version) ? DrawnPerVersion : version == schema.Valid.Highest ? 1 : 0;
                for (int i = 0; i < count; i++) seeds.Add(writer.Write(schema, version));
            }
        }

        return seeds;
    }

    /// <summary>Valid batches of every compression.</summary>
    public static List<byte[]> Batches()
    {
        using var codecs = new CompressionCodecs();
        var batches = new List<byte[]>();
        foreach (CompressionType type in Enum.GetValues<CompressionType>())
        {
            foreach (int count in (int[])[1, 3, 20])
            {
                using var builder = new RecordBatchBuilder(new RecordBatchOptions { CompressionType = type }, codecs);
                for (int i = 0; i < count; i++)
                    builder.Append(1_700_000_000_000 + i, [(byte)i], new byte[i * 7], [new RecordHeader("h", [1, 2])]);
                batches.Add(builder.ToArray());
            }
        }

        return batches;
    }

    private static List<byte[]> LoadRecorded()
    {
        using Stream resource = typeof(Corpus).Assembly.GetManifestResourceStream("recorded.ndjson.gz")!;
        using var reader = new StreamReader(new GZipStream(resource, CompressionMode.Decompress));
        var frames = new List<byte[]>();
        while (reader.ReadLine() is { } line)
        {
            using JsonDocument row = JsonDocument.Parse(line);
            frames.Add(row.RootElement.GetProperty("frame").GetBytesFromBase64());
        }

        return frames;
    }
}
