using System.Buffers.Binary;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;
using KBroker.TestKit.Golden;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests;

/// <summary>Directories as Apache Kafka leaves them: opened, read, appended to and opened again, on a real disk.</summary>
public sealed class GoldenDirectoryTests : IDisposable
{
    private readonly DirectoryInfo _temporary = Directory.CreateTempSubdirectory("kbroker-golden-");
    private readonly List<StorageException> _failures = [];

    public static TheoryData<string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, bool>();
            foreach (KafkaRelease release in KafkaRelease.All)
            {
                cases.Add(release.Name, true);
                cases.Add(release.Name, false);
            }

            return cases;
        }
    }

    public void Dispose() => _temporary.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Open_KafkasDirectory_EveryRecordIsReadAtItsOffset(string release, bool clean)
    {
        GoldenDirectory golden = Write(release, clean);
        using LogDirectory directory = Open();
        Assert.Equal(golden.Partitions.Select(partition => partition.DirectoryName).Order(StringComparer.Ordinal), directory.Logs.Select(log => log.TopicPartition.ToString()).Order(StringComparer.Ordinal));
        foreach (GoldenPartition partition in golden.Partitions)
        {
            PartitionLog log = Find(directory, partition);
            long start = golden.LogStarts.GetValueOrDefault(partition.DirectoryName, partition.StartOffset);
            Assert.Equal((start, partition.EndOffset), (log.LogStartOffset, log.LogEndOffset));
            Assert.Equal(partition.TopicId ?? "", log.TopicId == Guid.Empty ? "" : Uuid.Format(log.TopicId));
            Assert.Equal(partition.LastEpoch, log.LatestEpoch.Value);
            AssertRecords([.. partition.Records.Where(record => record.Offset >= start)], log);
        }

        Assert.Empty(_failures);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Open_KafkasDirectory_TimesAreFound(string release, bool clean)
    {
        GoldenDirectory golden = Write(release, clean);
        using LogDirectory directory = Open();
        foreach (GoldenPartition partition in golden.Partitions)
        {
            PartitionLog log = Find(directory, partition);
            GoldenRecord[] records = [.. partition.Records.Where(record => record.Offset >= log.LogStartOffset)];
            foreach (long time in records.SelectMany(record => new[] { record.Timestamp, record.Timestamp + 1 }).Where(time => time > 0).Distinct())
            {
                GoldenRecord? expected = records.FirstOrDefault(record => record.Timestamp >= time);
                TimestampOffset? found = log.FindOffsetByTimestamp(time);
                Assert.Equal((time, expected?.Offset, expected?.Timestamp), (time, found?.Offset, found?.Timestamp));
            }

            GoldenRecord largest = records.MaxBy(record => record.Timestamp)!;
            Assert.Equal((largest.Timestamp, largest.Offset), (log.FindMaxTimestamp()!.Value.Timestamp, log.FindMaxTimestamp()!.Value.Offset));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Append_BehindKafkasData_NothingOfItChanges(string release, bool clean)
    {
        GoldenDirectory golden = Write(release, clean);
        LogDirectory directory = Open();
        foreach (PartitionLog log in directory.Logs) log.AppendAsLeader(Batches.Make(3), new LeaderEpoch(20));
        directory.Close(7);

        byte[] appended = Batches.Make(3);
        foreach (GoldenPartition partition in golden.Partitions)
        {
            foreach (GoldenSegment segment in partition.Segments)
            {
                string file = Path.Combine(_temporary.FullName, partition.DirectoryName, $"{segment.BaseOffset:D20}.log");
                byte[] bytes = File.ReadAllBytes(file);
                Assert.Equal(segment.Log, bytes[..segment.Log.Length]);
                Assert.Equal(segment == partition.Segments[^1] ? appended.Length : 0, bytes.Length - segment.Log.Length);
            }
        }

        foreach ((_, IReadOnlyDictionary<string, byte[]> files) in golden.MoreDirectories) Assert.NotEmpty(files);
        foreach ((string name, IReadOnlyDictionary<string, byte[]> files) in golden.MoreDirectories)
        {
            Assert.Equal(files.Keys.Order(StringComparer.Ordinal), Directory.GetFiles(Path.Combine(_temporary.FullName, name)).Select(Path.GetFileName).Order(StringComparer.Ordinal));
            Assert.All(files, file => Assert.Equal(file.Value, File.ReadAllBytes(Path.Combine(_temporary.FullName, name, file.Key))));
        }

        using LogDirectory again = Open();
        foreach (GoldenPartition partition in golden.Partitions)
        {
            PartitionLog log = Find(again, partition);
            Assert.Equal(partition.EndOffset + 3, log.LogEndOffset);
            AssertRecords([.. partition.Records.Where(record => record.Offset >= log.LogStartOffset)], log);
        }
    }

    [Fact]
    public void Open_UncleanWithoutRecoveryPoint_CompactedLogKeepsItsSegments()
    {
        GoldenDirectory golden = Write("3.9", clean: false);
        File.Delete(Path.Combine(_temporary.FullName, "recovery-point-offset-checkpoint"));
        using LogDirectory directory = Open(LogConfig.Default with { Compact = true });
        foreach (GoldenPartition partition in golden.Partitions)
            AssertRecords([.. partition.Records.Where(record => record.Offset >= Find(directory, partition).LogStartOffset)], Find(directory, partition));
    }

    [Theory]
    [InlineData(".index")]
    [InlineData(".timeindex")]
    public void Open_IndexesOfAnOlderRelease_AreMadeAgain(string suffix)
    {
        GoldenDirectory golden = Write("2.4", clean: true);
        foreach (string file in Directory.GetFiles(_temporary.FullName, "*" + suffix, SearchOption.AllDirectories)) File.Delete(file);
        using LogDirectory directory = Open();
        foreach (GoldenPartition partition in golden.Partitions)
            AssertRecords([.. partition.Records.Where(record => record.Offset >= Find(directory, partition).LogStartOffset)], Find(directory, partition));
    }

    [Fact]
    public void Open_LinksInsideTheDirectory_AreNotFollowed()
    {
        Write("3.9", clean: true);
        string elsewhere = Path.Combine(_temporary.FullName, "nonsense");
        Directory.Move(Path.Combine(_temporary.FullName, "orders-1"), elsewhere);
        Directory.CreateSymbolicLink(Path.Combine(_temporary.FullName, "orders-1"), elsewhere);
        using LogDirectory directory = Open();
        Assert.Null(directory.Find(new TopicPartition("orders", 1)));
        Assert.Contains("symbolic link", Assert.Throws<LogDirectoryException>(
            () => directory.Create(new TopicPartition("orders", 1), Guid.Empty, LogConfig.Default)).Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(elsewhere, "00000000000000000000.log")));
        Assert.False(directory.IsOffline);
    }

    [Fact]
    public void Open_LinkedSegment_IsRefused()
    {
        Write("3.9", clean: true);
        string segment = Path.Combine(_temporary.FullName, "orders-1", "00000000000000000000.log");
        File.Move(segment, segment + ".moved");
        File.CreateSymbolicLink(segment, segment + ".moved");
        Assert.Contains("symbolic link", Assert.Throws<StorageException>(() => Open()).Message, StringComparison.Ordinal);
    }

    private static void AssertRecords(GoldenRecord[] expected, PartitionLog log)
    {
        var all = new List<GoldenRecord>();
        for (long offset = log.LogStartOffset; all.Count < expected.Length;)
        {
            List<GoldenRecord> batch = ReadFrom(log, offset, out long next);
            Assert.True(next > offset, $"a read at {offset} brought a batch that ends before {next}");
            all.AddRange(batch.Where(record => record.Offset >= offset));
            offset = next;
        }

        AssertEqual(expected, all);
        foreach (GoldenRecord record in expected)
            AssertEqual([record], ReadFrom(log, record.Offset, out _).Where(one => one.Offset == record.Offset));
    }

    private static void AssertEqual(IEnumerable<GoldenRecord> expected, IEnumerable<GoldenRecord> found) =>
        Assert.Equal(expected.Select(Describe), found.Select(Describe));

    private static string Describe(GoldenRecord record) =>
        $"{record.Offset} {record.Timestamp} {(record.Key is null ? "null" : Convert.ToHexString(record.Key))}={(record.Value is null ? "null" : Convert.ToHexString(record.Value))}";

    /// <summary>The records of the first batch that a read from an offset brings, and where the next batch can start.</summary>
    private static List<GoldenRecord> ReadFrom(PartitionLog log, long offset, out long next)
    {
        LogReadResult read = log.Read(offset, 1, minOneMessage: true, long.MaxValue);
        Assert.Equal(LogReadStatus.Ok, read.Status);
        using var codecs = new CompressionCodecs();
        using var reader = new RecordBatchReader(codecs);
        byte[] bytes = LogRig.Bytes(read.Slice) ?? throw new InvalidOperationException($"nothing at offset {offset}");
        next = BinaryPrimitives.ReadInt64BigEndian(bytes) + 1;
        if (bytes[RecordBatchFormat.MagicOffset] == 2) next += BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(RecordBatchFormat.LastOffsetDeltaOffset));
        RecordEnumerator records = reader.Read(bytes);
        var found = new List<GoldenRecord>();
        while (records.MoveNext())
        {
            Protocol.Records.Record record = records.Current;
            found.Add(new GoldenRecord(
                record.Offset, record.Timestamp, record.HasKey ? record.Key.ToArray() : null, record.HasValue ? record.Value.ToArray() : null));
        }

        Assert.Equal(Protocol.ErrorCode.None, records.ErrorCode);
        return found;
    }

    private static PartitionLog Find(LogDirectory directory, GoldenPartition partition) =>
        directory.Find(new TopicPartition(partition.Topic, partition.Number))!;

    private GoldenDirectory Write(string release, bool clean)
    {
        GoldenDirectory golden = GoldenSamples.Everything(KafkaRelease.All.Single(one => one.Name == release));
        golden.WriteTo(_temporary.FullName, clean);
        return golden;
    }

    private LogDirectory Open(LogConfig? config = null) => LogDirectory.Open(
        new LogDirectoryOptions
        {
            Path = _temporary.FullName,
            BrokerId = new BrokerId(0),
            ClusterId = GoldenDirectory.ClusterId,
            ConfigFor = _ => config ?? LogConfig.Default,
            Failed = (_, failure) => _failures.Add(failure),
        },
        new PhysicalLogFileSystem(), new ManualTime(), new Random(1), NullLogger.Instance);
}
