using System.Text;
using KBroker.LogEngine.Compaction;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using KBroker.TestKit.Golden;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests.Interop;

/// <summary>Every file of a log directory, byte by byte, after a history that makes one of each kind.</summary>
public sealed class DirectoryBytesTests
{
    private const string Base = "orders-0/00000000000000000000";
    private const string Next = "orders-0/00000000000000000006";

    [Fact]
    public void Close_HistoryWithATransaction_EveryFileIsKafkas()
    {
        var disk = new InMemoryLogFileSystem();
        LogConfig config = LogConfig.Default with { IndexIntervalBytes = 0 };
        LogDirectory directory = Open(disk, config);
        PartitionLog log = directory.Create(new TopicPartition("orders", 0), new Guid("27342850-2018-4d25-b86b-463f6b6c7d0f"), config);
        byte[][] batches =
        [
            Batches.Of(7, 1, 0, records: 2, transactional: true, timestamp: 100),
            Batches.Of(9, 0, 5, records: 1, timestamp: 50),
            Batches.Of(8, 0, 0, records: 1, transactional: true, timestamp: 90),
            Batches.Marker(7, 1, commit: false, coordinatorEpoch: 3, timestamp: 200),
            Batches.Make(1, timestamp: 300),
            Batches.Make(2, timestamp: 250),
        ];
        for (int i = 0; i < 5; i++) Append(i, 4);
        log.Roll();
        Append(5, 6);
        log.AdvanceCommittedEnd(8);
        log.DeleteBefore(1);
        directory.WriteHighWatermarks([KeyValuePair.Create(new TopicPartition("orders", 0), 8L)]);
        directory.Close(77);

        var expected = new Dictionary<string, byte[]>
        {
            [".lock"] = [],
            ["meta.properties"] = Text($"version=0\nbroker.id=1\ncluster.id={GoldenDirectory.ClusterId}\n"),
            [".kafka_cleanshutdown"] = Text("{\"version\":0,\"brokerEpoch\":77}"),
            ["recovery-point-offset-checkpoint"] = Text("0\n1\norders 0 8\n"),
            ["replication-offset-checkpoint"] = Text("0\n1\norders 0 8\n"),
            ["log-start-offset-checkpoint"] = Text("0\n1\norders 0 1\n"),
            ["orders-0/partition.metadata"] = Text("version: 0\ntopic_id: JzQoUCAYTSW4a0Y_a2x9Dw"),
            ["orders-0/leader-epoch-checkpoint"] = Text("0\n2\n4 1\n6 6\n"),
            [Base + ".log"] = [.. batches[..5].SelectMany(batch => batch)],
            [Base + ".index"] = [.. Entry(2, 0, 1), .. Entry(3, 0, 2), .. Entry(4, 0, 3), .. Entry(5, 0, 4)],
            [Base + ".timeindex"] =
                [.. GoldenBytes.Long(100), .. GoldenBytes.Int(1), .. GoldenBytes.Long(200), .. GoldenBytes.Int(4), .. GoldenBytes.Long(300), .. GoldenBytes.Int(5)],
            // The transaction of producer 8, from offset 3 on, is open.
            [Base + ".txnindex"] = [.. GoldenBytes.Short(0), .. GoldenBytes.Long(7), .. GoldenBytes.Long(0), .. GoldenBytes.Long(4), .. GoldenBytes.Long(3)],
            [Next + ".log"] = batches[5],
            [Next + ".index"] = [],
            [Next + ".timeindex"] = [.. GoldenBytes.Long(250), .. GoldenBytes.Int(1)],
            [Next + ".snapshot"] = Snapshot(),
            ["orders-0/00000000000000000008.snapshot"] = Snapshot(),
        };
        KafkaFiles files = FilesOf(disk);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), files.Files.Keys.Order(StringComparer.Ordinal));
        foreach ((string name, byte[] bytes) in expected)
            Assert.Equal((name, Convert.ToHexString(bytes)), (name, Convert.ToHexString(files.Files[name])));
        Assert.Equal(["orders-0"], files.Directories);
        KafkaLogDirectory.Open(files);

        void Append(int batch, int epoch)
        {
            // The log stamps offset and epoch into what is appended.
            LogAppendResult result = log.AppendAsLeader(
                batches[batch], new LeaderEpoch(epoch), batch == 3 ? AppendOrigin.Coordinator : AppendOrigin.Client);
            Assert.Equal(AppendStatus.Appended, result.Status);
        }

        byte[] Entry(int offset, int from, int to) => [.. GoldenBytes.Int(offset), .. GoldenBytes.Int(batches[from..to].Sum(batch => batch.Length))];
    }

    [Fact]
    public void Close_CompactedLog_SaysHowFarInKafkasCheckpoint()
    {
        var disk = new InMemoryLogFileSystem();
        LogConfig config = LogConfig.Default with { Compact = true, Delete = false, MinCleanableDirtyRatio = 0, FileDeleteDelayMs = 0 };
        LogDirectory directory = Open(disk, config);
        PartitionLog log = directory.Create(new TopicPartition("profiles", 0), Guid.Empty, config);
        for (int i = 0; i < 3; i++) log.AppendAsLeader(GoldenBatch.Batch(0, GoldenCodec.None, [GoldenSamples.Record(0, 5, 20)]).Bytes, new LeaderEpoch(0));
        log.Roll();
        log.AdvanceCommittedEnd(3);
        using (var cleaner = new LogCleaner([directory], () => new LogCleanerOptions(), new ManualTime(), NullLogger.Instance)) Assert.True(cleaner.CleanOnce());
        directory.RunDeletions();
        directory.Close(1);
        KafkaFiles files = FilesOf(disk);
        Assert.Equal("0\n1\nprofiles 0 3\n", Encoding.ASCII.GetString(files.Find("cleaner-offset-checkpoint")!));
        KafkaPartition kafka = KafkaLogDirectory.Open(files, _ => true).Partitions["profiles-0"];
        Assert.Equal(2, Assert.Single(kafka.Batches).LastOffset);
    }

    /// <summary>Producers 7, 9 and 8 in the order in which they came; the version, the CRC-32C of what follows, their number.</summary>
    private static byte[] Snapshot()
    {
        byte[] rest =
        [
            .. GoldenBytes.Int(3),
            .. Producer(7, 1, 1, 1, 1, 200, 3, -1),
            .. Producer(9, 0, 5, 2, 0, 50, -1, -1),
            .. Producer(8, 0, 0, 3, 0, 90, -1, 3),
        ];
        return [.. GoldenBytes.Short(1), .. GoldenBytes.Int(GoldenBytes.Crc32C(rest)), .. rest];

        static byte[] Producer(long id, short epoch, int sequence, long offset, int delta, long timestamp, int coordinator, long start) =>
        [
            .. GoldenBytes.Long(id), .. GoldenBytes.Short(epoch), .. GoldenBytes.Int(sequence), .. GoldenBytes.Long(offset), .. GoldenBytes.Int(delta),
            .. GoldenBytes.Long(timestamp), .. GoldenBytes.Int(coordinator), .. GoldenBytes.Long(start),
        ];
    }

    private static byte[] Text(string text) => Encoding.ASCII.GetBytes(text);

    internal static KafkaFiles FilesOf(InMemoryLogFileSystem disk)
    {
        var files = new Dictionary<string, byte[]>();
        var directories = new List<string>();
        foreach (LogFileEntry entry in disk.List("/data"))
        {
            if (!entry.IsDirectory)
            {
                files[entry.Name] = disk.ReadAll("/data/" + entry.Name);
                continue;
            }

            directories.Add(entry.Name);
            foreach (LogFileEntry inner in disk.List($"/data/{entry.Name}")) files[$"{entry.Name}/{inner.Name}"] = disk.ReadAll($"/data/{entry.Name}/{inner.Name}");
        }

        return new KafkaFiles(files, directories);
    }

    private static LogDirectory Open(InMemoryLogFileSystem disk, LogConfig config) => LogDirectory.Open(
        new LogDirectoryOptions { Path = "/data", BrokerId = new BrokerId(1), ClusterId = GoldenDirectory.ClusterId, ConfigFor = _ => config },
        disk, new ManualTime(), new Random(1), NullLogger.Instance);
}
