using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Tests;

public class LookupTests
{
    private static readonly LeaderEpoch Epoch = new(3);

    [Theory]
    [InlineData(1, CompressionType.None)]
    [InlineData(2, CompressionType.None)]
    [InlineData(3, CompressionType.Gzip)]
    public void Lookups_RandomBatchesAndTimes_FindWhatASearchOfAllRecordsFinds(int seed, CompressionType compression)
    {
        var random = new Random(seed);
        foreach (int interval in (int[])[1, 4096, 20_000, 1 << 20])
        {
            var rig = new LogRig(LogConfig.Default with { IndexIntervalBytes = interval });
            List<(long Offset, long Timestamp)> records = Fill(rig.Log, random, compression);
            Check(rig.Log, records, random);
            rig.ReopenClean();
            Check(rig.Log, records, random);
        }
    }

    [Fact]
    public void TimestampLookup_AppendTime_FindsTheFirstOfItsBatch()
    {
        var rig = new LogRig(LogConfig.Default with { MessageTimestampType = TimestampType.LogAppendTime });
        long first = rig.Time.GetUtcNow().ToUnixTimeMilliseconds();
        rig.Append(records: 5);
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        rig.Append(records: 5);
        Assert.Equal(new TimestampOffset(first, 0, 0), rig.Log.FindOffsetByTimestamp(first));
        Assert.Equal(new TimestampOffset(first + 1000, 5, 0), rig.Log.FindOffsetByTimestamp(first + 1));
    }

    [Theory]
    [InlineData(700)]
    [InlineData(16_000)]
    public void TimestampLookup_NoteCheckedBefore_ReadsNothingButTheAnswer(int valueSize)
    {
        var files = new CountingFileSystem(new InMemoryLogFileSystem());
        var rig = new LogRig(disk: files);
        for (int i = 0; i < 50; i++) rig.Append(valueSize: valueSize, timestamp: 1000 + i);
        int reads = 0;
        files.BeforeRead = path => reads++;
        for (int i = 0; i < 50; i++) Assert.Equal(i, rig.Log.FindOffsetByTimestamp(1000 + i)?.Offset);
        reads = 0;
        for (int i = 0; i < 50; i++) Assert.Equal(i, rig.Log.FindOffsetByTimestamp(1000 + i)?.Offset);
        // Nothing is noted of the first batch.
        Assert.InRange(reads, 50, 51);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1800)]
    public void TimestampLookup_WithinABatchOfManyRecords_ReadsOnce(int valueSize)
    {
        const int batches = 20;
        const int each = 16;
        var files = new CountingFileSystem(new InMemoryLogFileSystem());
        var rig = new LogRig(disk: files);
        using var codecs = new CompressionCodecs();
        for (int i = 0; i < batches; i++)
        {
            using var builder = new RecordBatchBuilder(new RecordBatchOptions(), codecs);
            for (int j = 0; j < each; j++) builder.AppendAt(j, 1000 + rig.Log.LogEndOffset + j, null, new byte[valueSize]);
            rig.Log.AppendAsLeader(builder.ToArray(), Epoch);
        }

        int reads = 0;
        // Every note is checked at the first lookup that begins at it, and nothing is noted of the first batch.
        for (int i = 2 * each; i < batches * each; i += each) rig.Log.FindOffsetByTimestamp(1000 + i);
        files.BeforeRead = path => reads++;
        for (int i = 2 * each; i < batches * each; i++) Assert.Equal(i, rig.Log.FindOffsetByTimestamp(1000 + i)?.Offset);
        Assert.Equal((batches - 2) * each, reads);
    }

    [Fact]
    public void FindMaxTimestamp_LargestBelowTheLogStart_FindsTheLargestBehindIt()
    {
        var rig = new LogRig();
        rig.Append(timestamp: 9000);
        rig.Append(timestamp: 3000);
        rig.Append(timestamp: 7000);
        rig.Append(timestamp: 7000);
        rig.Log.Roll();
        rig.Append(timestamp: 5000);
        Assert.Equal(0, rig.Log.FindMaxTimestamp()?.Offset);
        rig.Log.DeleteBefore(1);
        Assert.Equal(new TimestampOffset(7000, 2, 0), rig.Log.FindMaxTimestamp());
        rig.Log.DeleteBefore(4);
        Assert.Equal(new TimestampOffset(5000, 4, 0), rig.Log.FindMaxTimestamp());
        rig.Log.DeleteBefore(5);
        Assert.Null(rig.Log.FindMaxTimestamp());
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    public void FindMaxTimestamp_LogStartWithinABatch_FindsTheLargestOfItsRest(CompressionType compression)
    {
        var rig = new LogRig();
        using var codecs = new CompressionCodecs();
        using var builder = new RecordBatchBuilder(new RecordBatchOptions { CompressionType = compression }, codecs);
        long[] times = [9000, 2000, 6000, 6000, 4000];
        for (int i = 0; i < times.Length; i++) builder.AppendAt(i, times[i], null, new byte[50]);
        rig.Log.AppendAsLeader(builder.ToArray(), Epoch);
        rig.Append(timestamp: 6000);
        foreach ((long start, long timestamp, long offset) in ((long, long, long)[])[(0, 9000, 0), (1, 6000, 2), (3, 6000, 3), (4, 6000, 5)])
        {
            rig.Log.DeleteBefore(start);
            TimestampOffset found = rig.Log.FindMaxTimestamp()!.Value;
            Assert.Equal((timestamp, offset), (found.Timestamp, found.Offset));
        }
    }

    [Fact]
    public void FindMaxTimestamp_BoundOfALaterSegmentIsGone_FindsTheFirstOfEqualOnes()
    {
        var rig = new LogRig();
        rig.Append(timestamp: 9000);
        rig.Append(timestamp: 5000);
        rig.Append(timestamp: 1000);
        rig.Log.Roll();
        rig.Append(timestamp: 5000);
        rig.Log.DeleteBefore(1);
        Assert.Equal(1, rig.Log.FindMaxTimestamp()?.Offset);
    }

    [Fact]
    public void TimestampLookup_RecordsDoNotFitTheirBatch_FailsAndNamesTheFile()
    {
        var rig = new LogRig();
        byte[] batch = Batches.Make(3, timestamp: 5);
        batch[RecordBatchFormat.RecordsOffset] = 0x7F;
        rig.Log.AppendAsLeader(batch, Epoch);
        StorageException failure = Assert.Throws<StorageException>(() => rig.Log.FindOffsetByTimestamp(5));
        Assert.EndsWith(".log", failure.Path, StringComparison.Ordinal);
    }

    [Fact]
    public void AppendAndLookup_SteadyState_AllocateNothing()
    {
        string directory = System.IO.Directory.CreateTempSubdirectory("kbroker-lookup-").FullName;
        try
        {
            var rig = new LogRig(disk: new PhysicalLogFileSystem(), directory: directory);
            byte[] batch = Batches.Make(4, 250);
            // Past the 2,048th index entry: the next doubling of its memory is far.
            for (int i = 0; i < 12_000; i++) rig.Log.AppendAsLeader(batch, Epoch);
            Assert.Equal(0, Allocated(1000, _ => rig.Log.AppendAsLeader(batch, Epoch)));
            Assert.Equal(0, Allocated(1000, i => rig.Log.FindOffsetByTimestamp(1000)));
            // The slice itself.
            Assert.InRange(Allocated(1000, i => rig.Log.Read(i * 40, 1, true, long.MaxValue).Slice!.Dispose()), 0, 1000 * 100);
            rig.Log.Close();
        }
        finally
        {
            System.IO.Directory.Delete(directory, recursive: true);
        }
    }

    // The least of a few rounds: a collection may empty the pool of buffers in any one of them.
    private static long Allocated(int times, Action<int> action)
    {
        action(0);
        long least = long.MaxValue;
        for (int round = 0; round < 3; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < times; i++) action(i);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    // Small and large batches, records with times that go back and forth.
    private static List<(long Offset, long Timestamp)> Fill(PartitionLog log, Random random, CompressionType compression)
    {
        using var codecs = new CompressionCodecs();
        var records = new List<(long, long)>();
        long time = 1000;
        for (int i = 0; i < 150; i++)
        {
            using var builder = new RecordBatchBuilder(new RecordBatchOptions { CompressionType = compression }, codecs);
            int count = random.Next(1, 30);
            int size = random.Next(4) == 0 ? 3000 : 50;
            long start = time;
            for (int j = 0; j < count; j++)
            {
                long timestamp = start + random.Next(-20, 60);
                byte[] value = new byte[random.Next(size)];
                random.NextBytes(value);
                builder.AppendAt(j, timestamp, null, value);
                records.Add((log.LogEndOffset + j, timestamp));
                time = Math.Max(time, timestamp);
            }

            log.AppendAsLeader(builder.ToArray(), Epoch);
        }

        return records;
    }

    private static void Check(PartitionLog log, List<(long Offset, long Timestamp)> records, Random random)
    {
        long latest = records.Max(record => record.Timestamp);
        for (int i = 0; i < 200; i++)
        {
            long timestamp = random.NextInt64(900, latest + 2);
            (long Offset, long Timestamp)[] expected = [.. records.Where(record => record.Timestamp >= timestamp).Take(1)];
            TimestampOffset? found = log.FindOffsetByTimestamp(timestamp);
            Assert.Equal(expected, found is { } one ? [(one.Offset, one.Timestamp)] : []);
            long offset = random.NextInt64(records.Count);
            using LogSlice slice = log.Read(offset, 1, minOneMessage: true, long.MaxValue).Slice!;
            byte[] batch = LogRig.Bytes(slice)!;
            var header = new RecordBatchHeader(batch);
            Assert.InRange(offset, header.BaseOffset, header.LastOffset);
        }
    }
}
