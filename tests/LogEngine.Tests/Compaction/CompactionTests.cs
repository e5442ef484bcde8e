using System.Buffers.Binary;
using System.Text;
using KBroker.LogEngine.Compaction;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests.Compaction;

/// <summary>What compaction leaves and what it leaves alone, one case at a time.</summary>
public sealed class CompactionTests
{
    private const string Checkpoint = "/data/cleaner-offset-checkpoint";

    private static readonly LogConfig Config = LogConfig.Default with { Compact = true, Delete = false, MinCleanableDirtyRatio = 0, DeleteRetentionMs = 1000 };

    [Fact]
    public void Clean_LogWithDuplicates_KeepsLastValuesAndNotesHowFar()
    {
        CompactionWorld world = Filled();
        world.CleanAll();
        Assert.Equal([1, 2], world.Records().Select(record => record.Offset));
        Assert.Equal("0\n1\nt 0 3\n", Encoding.UTF8.GetString(world.Disk.ReadAll(Checkpoint)));
        Assert.False(world.Clean(), "there is nothing left to clean");
        world.Reopen(clean: true);
        Assert.Equal(3, world.Log.Compaction.CleanedEnd);
    }

    [Fact]
    public void TruncateTo_BelowCleanedEnd_LowersCheckpointOnDisk()
    {
        CompactionWorld world = Filled();
        world.CleanAll();
        // The batch that holds the offset goes whole.
        world.Log.TruncateTo(2);
        Assert.Equal("0\n1\nt 0 0\n", Encoding.UTF8.GetString(world.Disk.ReadAll(Checkpoint)));
    }

    [Fact]
    public void Delete_CompactedLog_LeavesNothingForALogOfItsName()
    {
        CompactionWorld world = Filled();
        world.CleanAll();
        world.Directory.Delete(new TopicPartition("t", 0));
        Assert.Equal(-1, world.Directory.Create(new TopicPartition("t", 0), Guid.Empty, Config).Compaction.CleanedEnd);
        Assert.Equal("0\n0\n", Encoding.UTF8.GetString(world.Disk.ReadAll(Checkpoint)));
    }

    [Fact]
    public void Clean_OneLogDamaged_LeavesItAloneAndGoesOnWithOthers()
    {
        CompactionWorld world = Filled();
        PartitionLog other = world.Directory.Create(new TopicPartition("u", 0), Guid.Empty, Config);
        for (int i = 0; i < 3; i++) other.AppendAsLeader(Batch("k", "v"), new LeaderEpoch(0));
        other.Roll();
        other.AdvanceCommittedEnd(3);
        world.Log.Roll();
        world.Commit();
        using (ILogFile file = world.Disk.Open("/data/t-0/00000000000000000000.log")) file.Write([0xFF], RecordBatchFormat.RecordsOffset + 3);

        Assert.True(world.Clean() && world.Clean(), "both logs are due");
        Assert.False(world.Clean(), "the damaged log is not tried again");

        Assert.NotNull(world.Log.Compaction.Uncleanable);
        Assert.Equal((null, 3), (other.Compaction.Uncleanable, other.Compaction.CleanedEnd));
    }

    [Fact]
    public void Clean_SegmentBelowTheLogStartDamaged_IsNotRead()
    {
        // A start does not check what retention is about to take.
        CompactionWorld world = Filled();
        world.Log.Roll();
        world.Append([("a", "3"), ("b", "3"), ("a", "4")]);
        world.Log.Roll();
        world.Commit();
        world.Log.AdvanceLogStartOffset(3);
        using (ILogFile file = world.Disk.Open("/data/t-0/00000000000000000000.log")) file.Write([0xFF], RecordBatchFormat.RecordsOffset + 3);

        Assert.True(world.Clean(), "the log is due");

        Assert.Null(world.Log.Compaction.Uncleanable);
        Assert.Equal([4, 5], world.Records().Select(record => record.Offset));
        world.Directory.SettleLogStarts([world.Log.TopicPartition]);
        Assert.Equal(2, world.Log.SegmentCount);
    }

    [Fact]
    public void Clean_SlicesInUse_KeepTheirBytes()
    {
        CompactionWorld world = Filled();
        LogSlice slice = world.Log.Read(0, int.MaxValue, true, long.MaxValue).Slice!;
        world.CleanAll();
        world.Time.Advance(TimeSpan.FromHours(1));
        world.Directory.RunDeletions();
        Assert.Equal([0, 1, 2], CompactionWorld.Parse(LogRig.Bytes(slice)!).SelectMany(batch => batch.Records).Select(record => record.Offset));
    }

    [Fact]
    public void Clean_LastBatchOfProducerSuperseded_StaysWithoutRecordsForItsSequence()
    {
        var world = new CompactionWorld(new InMemoryLogFileSystem(), Config);
        world.Append([("a", "1"), ("b", "1")], producer: new ProducerStamp(5, 0, false));
        world.Append([("a", "2"), ("b", "2")]);
        world.CleanAll();
        Assert.Equal([(0, 0), (2, 2)], world.Batches().Select(batch => ((int)batch.First, batch.Records.Count)));
        world.Reopen(clean: false);
        world.Append([("c", "3")], producer: new ProducerStamp(5, 2, false));
    }

    [Fact]
    public void Read_SegmentsLeftWithoutRecords_ArePassedOverForWhatComesBehindThem()
    {
        var world = new CompactionWorld(new InMemoryLogFileSystem(), Config with { SegmentBytes = 150 });
        for (int i = 0; i < 5; i++) world.Put("a", new string('x', 40));
        world.CleanAll();
        Assert.True(world.Batches().Count > 2, "each segment keeps a batch");
        LogReadResult read = world.Log.Read(0, 1, true, long.MaxValue, skipEmptied: true);
        Assert.Equal([4], CompactionWorld.Parse(LogRig.Bytes(read.Slice)!).SelectMany(batch => batch.Records).Select(record => record.Offset));
        Assert.Equal(BatchHeader.MaxHeaderSize, LogRig.Bytes(world.Log.Read(0, 1, true, 3, skipEmptied: true).Slice)!.Length);
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    public void FindMaxTimestamp_BatchWithoutRecordsHadTheLargest_FindsTheLargestThatIsThere(CompressionType compression)
    {
        var world = new CompactionWorld(new InMemoryLogFileSystem(), Config);
        long now = world.Now;
        world.Append([("b", "1"), ("c", "1")], compression);
        world.Time.Advance(TimeSpan.FromSeconds(5));
        world.Append([("a", "1")], compression, new ProducerStamp(5, 0, false));
        world.Time.Advance(TimeSpan.FromSeconds(-7));
        world.Append([("a", "2")], compression);
        world.CleanAll();
        Assert.Empty(world.Batches().Single(batch => batch.First == 2).Records);
        Assert.Equal(new TimestampOffset(now, 0, 0), world.Log.FindMaxTimestamp());
        world.Reopen(clean: true);
        world.CheckMaxTimestamp();
    }

    [Fact]
    public void Clean_SpaceExhausted_Waits()
    {
        CompactionWorld world = Filled();
        world.Log.Roll();
        world.Commit();
        world.Disk.Free = 10;
        world.Directory.Environment.Space.Measure(new DiskSpaceMarks(100, 50));
        Assert.False(world.Clean(), "compaction needs room");
    }

    [Fact]
    public void Clean_CompressedMessageOfMagic1LosesARecord_IsWrittenAnewWithItsOffsets()
    {
        var world = new CompactionWorld(new InMemoryLogFileSystem(), Config);
        using var inner = new PooledBufferWriter();
        using var codecs = new CompressionCodecs();
        codecs.For(CompressionType.Gzip).Compress((byte[])[.. Legacy(0, 0, "a", "1"u8.ToArray()), .. Legacy(1, 0, "b", "1"u8.ToArray())], inner);
        byte[] wrapper = Legacy(1, (byte)CompressionType.Gzip, null, inner.WrittenSpan.ToArray());
        byte[] single = Legacy(2, 0, "a", "2"u8.ToArray());
        Assert.Equal(2, world.Log.AppendAsFollower([.. wrapper, .. single]).LastOffset);
        world.CleanAll();
        Assert.Equal([(1L, "b", "1"), (2L, "a", "2")], world.Records().Select(record => (record.Offset, record.Key!, record.Value!)));
        Assert.Equal(single, world.Batches()[1].Bytes);
    }

    [Fact]
    public void IoThrottle_FasterThanAllowed_SaysHowLongToWait()
    {
        var time = new ManualTime();
        var throttle = new IoThrottle(time, 1000);
        Assert.Equal(TimeSpan.FromSeconds(2), throttle.Spend(2000));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(2), throttle.Spend(1000));
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(TimeSpan.FromSeconds(1), throttle.Spend(1000));
        Assert.Equal(TimeSpan.Zero, new IoThrottle(time, double.MaxValue).Spend(long.MaxValue));
    }

    [Fact]
    public void Dispose_ThreadsWaiting_StopsAtOnce()
    {
        CompactionWorld world = Filled();
        var cleaner = new LogCleaner([world.Directory], () => new LogCleanerOptions { Threads = 3 }, TimeProvider.System, NullLogger.Instance);
        cleaner.Start();
        cleaner.Dispose();
    }

    private static CompactionWorld Filled()
    {
        var world = new CompactionWorld(new InMemoryLogFileSystem(), Config);
        world.Append([("a", "1"), ("b", "1"), ("a", "2")]);
        return world;
    }

    private static byte[] Batch(string key, string value)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions());
        builder.Append(1000, Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
        return builder.ToArray();
    }

    private static byte[] Legacy(long offset, byte attributes, string? key, byte[] value)
    {
        byte[] keyBytes = key is null ? [] : Encoding.UTF8.GetBytes(key);
        byte[] message = new byte[34 + keyBytes.Length + value.Length];
        BinaryPrimitives.WriteInt64BigEndian(message, offset);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(8), message.Length - 12);
        message[16] = 1;
        message[17] = attributes;
        BinaryPrimitives.WriteInt64BigEndian(message.AsSpan(18), 1000);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(26), key is null ? -1 : keyBytes.Length);
        keyBytes.CopyTo(message, 30);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(30 + keyBytes.Length), value.Length);
        value.CopyTo(message, 34 + keyBytes.Length);
        uint crc = uint.MaxValue;
        foreach (byte one in message.AsSpan(16))
        {
            crc ^= one;
            for (int i = 0; i < 8; i++) crc = (crc >> 1) ^ ((crc & 1) * 0xEDB8_8320u);
        }

        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(12), ~crc);
        return message;
    }
}
