using System.Text;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;
using KBroker.TestKit.Golden;

namespace KBroker.LogEngine.Tests.Compaction;

/// <summary>What compaction takes out of compressed batches and of message sets from before batches, and what it leaves of them.</summary>
public sealed class CodecCompactionTests
{
    private static readonly LogConfig Config = LogConfig.Default with
    {
        // No two segments fit one.
        SegmentBytes = 700,
        Compact = true,
        Delete = false,
        MinCleanableDirtyRatio = 0,
        DeleteRetentionMs = 1000,
        FileDeleteDelayMs = 0,
    };

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void Clean_CompressedBatchLosesRecords_KeepsCodecOffsetsAndTimestamps(CompressionType codec)
    {
        var world = new CompactionWorld(new InMemoryLogFileSystem(), Config);
        world.Append([("a", "1"), ("b", "1"), ("c", "1"), ("d", "1"), ("e", "1")], codec);
        world.Append([("a", null), ("b", "2"), ("f", null), ("c", null)], codec, new ProducerStamp(5, 0, false));
        world.Append([("b", "3"), ("d", "2")], codec, new ProducerStamp(5, 4, false));
        FoundBatch[] before = [.. world.Batches()];
        world.CleanAll();
        world.CheckFold();
        world.CheckRecords();
        List<FoundBatch> after = world.Batches();
        Assert.Equal(before.Select(batch => (batch.First, batch.Last)), after.Select(batch => (batch.First, batch.Last)));
        Assert.Equal([4, 5, 7, 8, 9, 10], world.Records().Select(record => record.Offset));
        Assert.All(after, batch => Assert.Equal(codec, new RecordBatchHeader(batch.Bytes).CompressionType));
        Assert.Equal((5, 0), (new RecordBatchHeader(after[1].Bytes).ProducerId, new RecordBatchHeader(after[1].Bytes).BaseSequence));
        // Whole, and without a tombstone: byte for byte.
        Assert.Equal(before[2].Bytes, after[2].Bytes);

        // The tombstones' time begins with their first cleaning.
        Later(world, 900);
        Assert.Equal(["a", "f", "c"], Tombstones(world));
        Later(world, 101);
        Assert.Empty(Tombstones(world));
        world.CheckFold();
        world.CheckRecords();
        Assert.All(world.Batches().Where(batch => batch.Records.Count > 0 && batch.First < 11),
            batch => Assert.Equal(codec, new RecordBatchHeader(batch.Bytes).CompressionType));
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void Clean_BatchStampedWithItsAppendTime_KeepsThatTime(CompressionType codec)
    {
        var world = new CompactionWorld(new InMemoryLogFileSystem(), Config);
        world.Log.UpdateConfig(Config with { MessageTimestampType = TimestampType.LogAppendTime });
        world.Time.Advance(TimeSpan.FromSeconds(5));
        long stamped = world.Now;
        world.Append([("a", "1"), ("b", "1"), ("c", null)], codec);
        world.Append([("a", "2")], codec);
        world.Time.Advance(TimeSpan.FromSeconds(5));
        world.CleanAll();
        Assert.Equal([(1L, "b", stamped), (2L, "c", stamped), (3L, "a", stamped)],
            world.Records().Select(record => (record.Offset, record.Key!, record.Timestamp)));
        var header = new RecordBatchHeader(world.Batches()[0].Bytes);
        Assert.Equal((codec, TimestampType.LogAppendTime, stamped), (header.CompressionType, header.TimestampType, header.MaxTimestamp));
    }

    [Theory]
    [InlineData(0, CompressionType.None)]
    [InlineData(0, CompressionType.Gzip)]
    [InlineData(0, CompressionType.Snappy)]
    [InlineData(0, CompressionType.Lz4)]
    [InlineData(1, CompressionType.None)]
    [InlineData(1, CompressionType.Gzip)]
    [InlineData(1, CompressionType.Snappy)]
    [InlineData(1, CompressionType.Lz4)]
    public void Clean_MessageSetOfMagic0Or1LosesRecords_KeepsCodecOffsetsAndTimestamps(byte magic, CompressionType codec)
    {
        var world = new CompactionWorld(new InMemoryLogFileSystem(), Config);
        Follow(world, magic, codec, ("a", "1"), ("b", "1"), ("c", "1"), ("d", "1"));
        Follow(world, magic, codec, ("a", null), ("b", "2"), ("e", null));
        Follow(world, magic, codec, ("b", "3"), ("d", "2"));
        List<FoundBatch> before = world.Batches();
        world.CleanAll();
        world.CheckFold();
        world.CheckRecords();
        Assert.Equal([2, 4, 6, 7, 8], world.Records().Select(record => record.Offset));
        List<FoundBatch> after = world.Batches();
        // A wrapper's own offset is its last record's, and that of a batch that takes its place.
        Assert.Equal(before.Where(batch => batch.Records.Any(record => record.Offset is 2 or 4 or 6 or 7 or 8)).Select(batch => batch.Last), after.Select(batch => batch.Last));
        Assert.All(after, batch => Assert.Equal(codec, (CompressionType)(batch.Bytes[AttributesOf(batch)] & 7)));
        Assert.Equal(before[^1].Bytes, after[^1].Bytes);
        world.Reopen(clean: false);
        world.CheckFold();
        world.CheckRecords();
    }

    [Theory]
    [InlineData(0, CompressionType.None)]
    [InlineData(1, CompressionType.Gzip)]
    public void Clean_TombstonesOfMagic0And1_GoByTheTimesOfFiles(byte magic, CompressionType codec)
    {
        var world = new CompactionWorld(new InMemoryLogFileSystem(), Config with { SegmentBytes = 100 });
        Follow(world, magic, codec, ("a", "1"), ("b", "1"));
        world.Log.Roll();
        Follow(world, magic, codec, ("a", null), ("c", null), ("d", "1"));
        world.CleanAll();
        Assert.Equal(["a", "c"], Tombstones(world));
        // What is clean is as old as they are.
        Later(world, 60_000);
        Assert.Equal(["a", "c"], Tombstones(world));
        // What is clean is a minute younger.
        Later(world, 1);
        Assert.Empty(Tombstones(world));
        world.CheckFold();
        world.CheckRecords();
    }

    [Fact]
    public void Clean_SegmentOfOldRecords_KeepsTheTimeOfItsFile()
    {
        var world = new CompactionWorld(new InMemoryLogFileSystem(), Config);
        Follow(world, 0, CompressionType.None, ("a", "1"), ("b", "1"), ("a", "2"));
        long written = world.Now;
        world.Log.Roll();
        world.Time.Advance(TimeSpan.FromDays(2));
        world.CleanAll();
        Assert.Equal([1, 2], world.Records().Select(record => record.Offset));
        Assert.Equal(written, world.Disk.LastModifiedMs(world.Log.Segments.All[0].File.Path));
        // Without times of their own, retention judges the records by it.
        world.Log.UpdateConfig(Config with { Delete = true, RetentionMs = 24L * 60 * 60 * 1000 });
        world.Directory.RunRetention(world.Now);
        Assert.Equal(3, world.Log.LogStartOffset);
    }

    private static int AttributesOf(FoundBatch batch) => batch.Bytes[RecordBatchFormat.MagicOffset] < RecordBatchFormat.CurrentMagic
        ? RecordBatchFormat.MagicOffset + 1
        : RecordBatchFormat.AttributesOffset + 1;

    // Something new to clean by, after a time.
    private static void Later(CompactionWorld world, int milliseconds)
    {
        world.Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        world.Put("later", "x");
        world.CleanAll();
    }

    private static IEnumerable<string> Tombstones(CompactionWorld world) =>
        world.Records().Where(record => record.Value is null).Select(record => record.Key!);

    private static void Follow(CompactionWorld world, byte magic, CompressionType codec, params (string Key, string? Value)[] records)
    {
        long first = world.Log.LogEndOffset;
        GoldenRecord[] made = [.. records.Select((record, i) => new GoldenRecord(
            first + i, magic == 0 ? -1 : world.Now - i, Encoding.UTF8.GetBytes(record.Key), record.Value is null ? null : Encoding.UTF8.GetBytes(record.Value)))];
        byte[] bytes = codec == CompressionType.None
            ? [.. made.SelectMany(record => GoldenBatch.Message(magic, record).Bytes)]
            : GoldenBatch.Wrapper(magic, (GoldenCodec)(int)codec, made).Bytes;
        Assert.Equal(first + made.Length - 1, world.Log.AppendAsFollower(bytes).LastOffset);
        world.Appended.AddRange(made.Select((record, i) => new KeyedRecord(record.Offset, records[i].Key, records[i].Value, record.Timestamp, "", -1)));
    }
}
