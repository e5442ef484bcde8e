using System.Text;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using KBroker.TestKit.Golden;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests.Interop;

/// <summary>A log with transactions that Kafka was cleaning when it stopped: its files byte by byte as each step leaves them.</summary>
public sealed class CleaningLeftoversTests
{
    private const long Time = 1_700_000_000_000;
    private static readonly string[] Suffixes = [".log", ".index", ".timeindex", ".txnindex"];

    private static readonly GoldenBatch[] Batches =
    [
        Data(0, 2, 7, 0, true),
        Data(2, 1, 8, 0, true),
        GoldenBatch.Marker(1, 3, Time + 3, 7, commit: false, 2),
        Data(4, 1, 9, 0, false),
        GoldenBatch.Marker(1, 5, Time + 5, 8, commit: true, 2),
        Data(6, 2, 7, 2, true),
        // The second segment.
        GoldenBatch.Batch(1, GoldenCodec.Gzip, GoldenSamples.Run(8, 1, Time + 8)),
        GoldenBatch.Marker(1, 9, Time + 9, 7, commit: false, 3),
        Data(10, 1, 8, 1, true),
        // The third.
        GoldenBatch.Batch(2, GoldenCodec.None, GoldenSamples.Run(11, 2, Time + 11)),
    ];

    public static TheoryData<int, bool> Steps
    {
        get
        {
            var steps = new TheoryData<int, bool>();
            for (int step = 0; step <= 9; step++)
            {
                steps.Add(step, true);
                steps.Add(step, false);
            }

            return steps;
        }
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void Open_StoppedWithinACleaning_RecordsAbortsAndProducersAreRight(int step, bool clean)
    {
        var disk = new InMemoryLogFileSystem();
        Dictionary<string, byte[]> files = Files(step, clean);
        disk.CreateDirectory("/data");
        disk.CreateDirectory("/data/t-0");
        foreach ((string name, byte[] bytes) in files) disk.WriteAll("/data/" + name, bytes);
        for (int round = 0; round < 2; round++)
        {
            LogDirectory directory = Open(disk);
            PartitionLog log = directory.Find(new TopicPartition("t", 0))!;
            Assert.Equal((0, 13), (log.LogStartOffset, log.LogEndOffset));
            log.AdvanceCommittedEnd(13);
            Assert.Equal(10, log.LastStableOffset);
            byte[] all = [];
            for (long offset = 0; offset < 13;)
            {
                byte[] read = LogRig.Bytes(log.Read(offset, int.MaxValue, true, long.MaxValue).Slice)!;
                all = [.. all, .. read];
                offset = KafkaBatch.ReadAll("read", read)[^1].LastOffset + 1;
            }

            Assert.Equal(Batches.SelectMany(batch => batch.Bytes), all);
            Assert.Equal(
                [(7, 0, 3, 2), (7, 6, 9, 10)],
                Aborted(log).Select(one => (one.ProducerId, one.FirstOffset, one.LastOffset, one.LastStableOffset)));
            Assert.Equal(
                [
                    new ActiveProducer(7, 0, 3, 7, Time + 9, 3, -1),
                    new ActiveProducer(8, 0, 1, 10, Time + 10, 2, 10),
                    new ActiveProducer(9, 0, 0, 4, Time + 4, -1, -1),
                ],
                log.ActiveProducers().OrderBy(producer => producer.ProducerId));
            directory.Environment.Deletions.Run(evenEarly: true);
            directory.Close(1);
            KafkaLogDirectory.Open(DirectoryBytesTests.FilesOf(disk));
        }
    }

    private static IEnumerable<Indexes.AbortedTransaction> Aborted(PartitionLog log) =>
        (log.Read(0, int.MaxValue, true, log.LastStableOffset, withAborted: true).AbortedTransactions ?? [])
        .Concat(log.Read(8, int.MaxValue, true, log.LastStableOffset, withAborted: true).AbortedTransactions ?? [])
        .Distinct();

    /// <summary>
    /// Step 0 is before the cleaning of the first two segments, 1 within the writing of the new one, 2 after it, 3 within its renaming
    /// to <c>.swap</c>, 4 after that, 5 and 6 with one and both of the old ones set aside, 7 and 8 within and after the renaming to
    /// the bare names, 9 with the old ones deleted.
    /// </summary>
    private static Dictionary<string, byte[]> Files(int step, bool clean)
    {
        var files = new Dictionary<string, byte[]>
        {
            ["meta.properties"] = Text($"version=0\nbroker.id=1\ncluster.id={GoldenDirectory.ClusterId}\n"),
            [".lock"] = [],
            ["recovery-point-offset-checkpoint"] = Text(clean ? "0\n1\nt 0 13\n" : "0\n1\nt 0 11\n"),
            ["t-0/leader-epoch-checkpoint"] = Text("0\n2\n1 0\n2 11\n"),
        };
        if (clean) files[".kafka_cleanshutdown"] = Text("{\"version\":0,\"brokerEpoch\":5}");
        KafkaProducer seven = new(7, 0, 3, 7, 1, Time + 7, 2, 6);
        KafkaProducer eight = new(8, 0, 0, 2, 0, Time + 5, 2, -1);
        KafkaProducer nine = new(9, 0, 0, 4, 0, Time + 4, -1, -1);
        KafkaProducer sevenLater = seven with { Timestamp = Time + 9, CoordinatorEpoch = 3, TransactionStart = -1 };
        KafkaProducer eightLater = new(8, 0, 1, 10, 0, Time + 10, 2, 10);
        files[Name(8, ".snapshot")] = Snapshot(seven, eight, nine);
        files[Name(11, ".snapshot")] = Snapshot(sevenLater, eightLater, nine);
        if (clean) files[Name(13, ".snapshot")] = Snapshot(sevenLater, eightLater, nine);
        byte[] first = [.. GoldenBytes.Short(0), .. GoldenBytes.Long(7), .. GoldenBytes.Long(0), .. GoldenBytes.Long(3), .. GoldenBytes.Long(2)];
        byte[] second = [.. GoldenBytes.Short(0), .. GoldenBytes.Long(7), .. GoldenBytes.Long(6), .. GoldenBytes.Long(9), .. GoldenBytes.Long(10)];
        if (step < 9)
        {
            Add(0, Batches[..6], first, _ => step >= 5 ? ".deleted" : "");
            Add(8, Batches[6..9], second, _ => step >= 6 ? ".deleted" : "");
        }

        Add(11, Batches[9..], null, _ => "");
        if (step > 0)
        {
            Add(0, Batches[..9], [.. first, .. second], i => step switch
            {
                <= 2 => ".cleaned",
                3 => i < 2 ? ".swap" : ".cleaned",
                <= 6 => ".swap",
                7 => i < 2 ? "" : ".swap",
                _ => "",
            });
        }

        if (step == 1) files[Name(0, ".log.cleaned")] = files[Name(0, ".log.cleaned")][..200];
        return files;

        void Add(long baseOffset, GoldenBatch[] batches, byte[]? aborted, Func<int, string> stage)
        {
            var segment = new GoldenSegment(baseOffset);
            foreach (GoldenBatch batch in batches) segment.Append(batch);
            byte[]?[] contents = [segment.Log, segment.Index, segment.TimeIndex, aborted];
            for (int i = 0; i < contents.Length; i++)
            {
                if (contents[i] is { } bytes) files[Name(baseOffset, Suffixes[i] + stage(i))] = bytes;
            }
        }
    }

    private static GoldenBatch Data(long offset, int count, long producerId, int sequence, bool isTransactional) => GoldenBatch.Batch(
        1, GoldenCodec.None, [.. Enumerable.Range(0, count).Select(i => GoldenSamples.Record(offset + i, Time + offset + i, 30))],
        producer: new GoldenProducer(producerId, 0, sequence, isTransactional));

    private static byte[] Snapshot(params KafkaProducer[] producers)
    {
        byte[] rest =
        [
            .. GoldenBytes.Int(producers.Length),
            .. producers.SelectMany(producer => (byte[])
            [
                .. GoldenBytes.Long(producer.ProducerId), .. GoldenBytes.Short(producer.Epoch), .. GoldenBytes.Int(producer.LastSequence),
                .. GoldenBytes.Long(producer.LastOffset), .. GoldenBytes.Int(producer.OffsetDelta), .. GoldenBytes.Long(producer.Timestamp),
                .. GoldenBytes.Int(producer.CoordinatorEpoch), .. GoldenBytes.Long(producer.TransactionStart),
            ]),
        ];
        return [.. GoldenBytes.Short(1), .. GoldenBytes.Int(GoldenBytes.Crc32C(rest)), .. rest];
    }

    private static string Name(long offset, string suffix) => $"t-0/{offset:D20}{suffix}";

    private static byte[] Text(string text) => Encoding.ASCII.GetBytes(text);

    private static LogDirectory Open(InMemoryLogFileSystem disk) => LogDirectory.Open(
        new LogDirectoryOptions
        {
            Path = "/data",
            BrokerId = new BrokerId(1),
            ClusterId = GoldenDirectory.ClusterId,
            ConfigFor = _ => LogConfig.Default with { Compact = true, Delete = false, SegmentIndexBytes = 4096 },
            Producers = new ProducerOptions { Expiration = TimeSpan.FromDays(10_000) },
        },
        disk, new ManualTime(), new Random(1), NullLogger.Instance);
}
