using System.Globalization;
using System.Text;

namespace KBroker.TestKit.Golden;

/// <summary>Directories like those that brokers leave which have run for years.</summary>
internal static class GoldenSamples
{
    public const string OrdersId = "JzQoXkYdTaW4mR0v_PL2-g";
    public const string DashedId = "b7Wk0pCTQx2r9uGZs-1ElQ";
    public const string OffsetsId = "4rJ8d2iNR3yq0bVxTgPfSw";
    public const string CompactedId = "pQmZ1cDvS6yHk3Wn8LrXoA";

    // The first moment of the data with timestamps.
    private const long Start = 1_500_000_000_000;

    /// <summary>
    /// A topic from before Kafka 0.10 (magic 0), grown through 0.10 (magic 1) and 0.11 (magic 2), with every codec of its time; a topic with
    /// dashes and dots; group offsets; a compacted topic. What a release cannot have written is in none of its files.
    /// </summary>
    public static GoldenDirectory Everything(KafkaRelease release, int brokerId = 0) => new(
        release,
        Old("orders", 0, release.TopicIds ? OrdersId : null),
        Recent("orders", 1, release.TopicIds ? OrdersId : null),
        Late("a-b.c_d-1", 0, release.TopicIds ? DashedId : null),
        Compacted(release.TopicIds ? CompactedId : null),
        Offsets(release.TopicIds ? OffsetsId : null))
    {
        BrokerId = brokerId,
        LogStarts = new Dictionary<string, long> { ["a-b.c_d-1-0"] = 1005 },
        MoreDirectories = release == KafkaRelease.V39KRaft ? [MetadataLog] : [],
    };

    /// <summary>Magic 0, then 1, then 2, plain and in wrappers, in three segments.</summary>
    public static GoldenPartition Old(string topic, int partition, string? topicId)
    {
        var zero = new GoldenSegment(0);
        for (int i = 0; i < 60; i++) zero.Append(GoldenBatch.Message(0, Record(i, -1, 200)));
        zero.Append(GoldenBatch.Wrapper(0, GoldenCodec.Gzip, Run(60, 10, -1)));
        zero.Append(GoldenBatch.Wrapper(0, GoldenCodec.Snappy, Run(70, 10, -1)));
        zero.Append(GoldenBatch.Wrapper(0, GoldenCodec.Lz4, Run(80, 10, -1)));
        zero.Append(GoldenBatch.Message(0, new GoldenRecord(90, -1, null, [])));
        zero.Append(GoldenBatch.Message(0, new GoldenRecord(91, -1, [], null)));

        var one = new GoldenSegment(92);
        for (int i = 92; i < 130; i++) one.Append(GoldenBatch.Message(1, Record(i, Start + i, 300)));
        one.Append(GoldenBatch.Wrapper(1, GoldenCodec.Gzip, Run(130, 10, Start + 130)));
        one.Append(GoldenBatch.Wrapper(1, GoldenCodec.Snappy, Run(140, 10, Start + 140)));
        one.Append(GoldenBatch.Wrapper(1, GoldenCodec.Lz4, Run(150, 10, Start + 150)));

        var two = new GoldenSegment(160);
        two.Append(GoldenBatch.Batch(0, GoldenCodec.None, Run(160, 40, Start + 160)));
        two.Append(GoldenBatch.Batch(0, GoldenCodec.Gzip, Run(200, 20, Start + 200)), GoldenBatch.Batch(3, GoldenCodec.Snappy, Run(220, 20, Start + 220)));
        two.Append(GoldenBatch.Batch(3, GoldenCodec.Lz4, Run(240, 10, Start + 240)));
        return new GoldenPartition(topic, partition, zero, one, two) { TopicId = topicId };
    }

    /// <summary>Magic 2 alone, fetched from a leader: one append and at most one index entry for many batches; a producer's snapshot.</summary>
    public static GoldenPartition Recent(string topic, int partition, string? topicId)
    {
        var first = new GoldenSegment(0);
        for (int i = 0; i < 300; i += 30)
            first.Append(GoldenBatch.Batch(4, GoldenCodec.None, Run(i, 10, Start + i)), GoldenBatch.Batch(4, GoldenCodec.None, Run(i + 10, 20, Start + i + 10)));
        var second = new GoldenSegment(300);
        for (int i = 300; i < 500; i += 20) second.Append(GoldenBatch.Batch(i < 400 ? 6 : 9, GoldenCodec.None, Run(i, 20, Start + i)));
        return new GoldenPartition(topic, partition, first, second)
        {
            TopicId = topicId,
            MoreFiles = new Dictionary<string, byte[]> { ["00000000000000000300.snapshot"] = EmptySnapshot, ["00000000000000000500.snapshot"] = EmptySnapshot },
        };
    }

    /// <summary>Retention has taken the first segments, and DeleteRecords a part of what is left.</summary>
    public static GoldenPartition Late(string topic, int partition, string? topicId)
    {
        GoldenSegment segment = new GoldenSegment(1000).Append(GoldenBatch.Batch(2, GoldenCodec.None, Run(1000, 10, Start)));
        return new GoldenPartition(topic, partition, segment) { TopicId = topicId, EpochCheckpoint = "0\n1\n2 1000\n" };
    }

    /// <summary>What the log cleaner leaves: gaps inside batches, between them, and between segments.</summary>
    public static GoldenPartition Compacted(string? topicId)
    {
        GoldenRecord At(long offset) => Record(offset, Start + offset, 50);
        GoldenSegment first = new GoldenSegment(0)
            .Append(GoldenBatch.Batch(1, GoldenCodec.None, [At(3), At(7)], baseOffset: 0, lastOffset: 9))
            .Append(GoldenBatch.Batch(1, GoldenCodec.Gzip, [At(25)], baseOffset: 20, lastOffset: 29));
        GoldenSegment second = new GoldenSegment(100).Append(GoldenBatch.Batch(1, GoldenCodec.None, [At(111), At(119)], baseOffset: 110, lastOffset: 119));
        GoldenSegment third = new GoldenSegment(200).Append(GoldenBatch.Batch(2, GoldenCodec.None, [At(200), At(201)]));
        return new GoldenPartition("compacted", 0, first, second, third) { TopicId = topicId };
    }

    /// <summary>Records of <c>__consumer_offsets</c>: an offset commit, key version 1 and value version 3.</summary>
    public static GoldenPartition Offsets(string? topicId)
    {
        byte[] key = [.. GoldenBytes.Short(1), .. Text("readers"), .. Text("orders"), .. GoldenBytes.Int(0)];
        byte[] value = [.. GoldenBytes.Short(3), .. GoldenBytes.Long(123), .. GoldenBytes.Int(3), .. Text(""), .. GoldenBytes.Long(Start)];
        GoldenSegment segment = new GoldenSegment(0).Append(GoldenBatch.Batch(0, GoldenCodec.None, [new GoldenRecord(0, Start, key, value)]));
        return new GoldenPartition("__consumer_offsets", 0, segment) { TopicId = topicId };
    }

    /// <summary>Records at consecutive offsets; timestamps -1, or rising from <paramref name="timestamp"/>.</summary>
    public static GoldenRecord[] Run(long offset, int count, long timestamp) =>
        [.. Enumerable.Range(0, count).Select(i => Record(offset + i, timestamp < 0 ? -1 : timestamp + i, 40))];

    public static GoldenRecord Record(long offset, long timestamp, int size)
    {
        string number = offset.ToString(CultureInfo.InvariantCulture);
        return new GoldenRecord(offset, timestamp, Encoding.ASCII.GetBytes("key " + number), Encoding.ASCII.GetBytes(("value " + number).PadRight(size, '.')));
    }

    private static (string, IReadOnlyDictionary<string, byte[]>) MetadataLog => ("__cluster_metadata-0", new Dictionary<string, byte[]>
    {
        ["00000000000000000000.log"] = GoldenBatch.Batch(1, GoldenCodec.None, Run(0, 5, Start)).Bytes,
        ["00000000000000000000.index"] = [],
        ["00000000000000000000.timeindex"] = [],
        ["00000000000000000003-0000000001.checkpoint"] = [1, 2, 3],
        ["quorum-state"] = Encoding.ASCII.GetBytes("{\"leaderId\":0,\"leaderEpoch\":1,\"votedId\":-1,\"appliedOffset\":0,\"currentVoters\":[{\"voterId\":0}],\"data_version\":0}"),
        ["partition.metadata"] = Encoding.ASCII.GetBytes("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ"),
    });

    /// <summary>A snapshot of no producers: version 1, the checksum of the rest, and a count of 0.</summary>
    private static byte[] EmptySnapshot
    {
        get
        {
            byte[] rest = GoldenBytes.Int(0);
            return [.. GoldenBytes.Short(1), .. GoldenBytes.Int(GoldenBytes.Crc32C(rest)), .. rest];
        }
    }

    private static byte[] Text(string text) => [.. GoldenBytes.Short((short)text.Length), .. Encoding.UTF8.GetBytes(text)];
}
