using System.Text;
using KBroker.LogEngine.Compaction;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;
using KBroker.TestKit.Golden;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests.Interop;

/// <summary>
/// A log directory in memory with two logs that retention shortens and one that is compacted, and everything that is done to logs.
/// What a batch has to look like to be taken is asked of the log: the history needs no memory of its own.
/// </summary>
internal sealed class InteropWorld
{
    private const string Path = "/data";

    private static readonly CompressionCodecs Codecs = new();
    private static readonly TopicPartition[] Names = [new("kept", 0), new("kept", 11), new("compacted.t-1", 3)];

    private readonly Random _random;
    private readonly ManualTime _time = new();
    private readonly InMemoryLogFileSystem _disk = new();
    private readonly LogConfig _config;
    private readonly LogCleanerOptions _cleaning = new();
    private readonly List<StorageException> _failures = [];
    private readonly StringBuilder _history = new();
    private LogDirectory _directory;

    public InteropWorld(Random random)
    {
        _random = random;
        _config = LogConfig.Default with
        {
            SegmentBytes = random.Next(600, 5000),
            IndexIntervalBytes = random.Next(1, 600),
            SegmentIndexBytes = random.Next(4) == 0 ? 60 : 4096,
            Preallocate = random.Next(4) == 0,
            RetentionBytes = random.Next(2) == 0 ? 8000 : -1,
            RetentionMs = random.Next(2) == 0 ? 200_000 : -1,
            MinCleanableDirtyRatio = 0,
            DeleteRetentionMs = random.Next(2) * 10_000,
            FileDeleteDelayMs = random.Next(2) * 1000,
        };
        _directory = Open();
        foreach (TopicPartition name in Names) _directory.Create(name, name.Partition == 11 ? Guid.Empty : new Guid(name.Partition + 1, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11]), ConfigFor(name.Topic));
        _directory.Checkpoint();
        _disk.FlushDirectory(Path);
        foreach (PartitionLog log in _directory.Logs) log.Flush();
    }

    /// <summary>What was done so far.</summary>
    public string History => _history.Length < 1500 ? _history.ToString() : _history.ToString(_history.Length - 1500, 1500);

    public void Step()
    {
        TopicPartition name = Names[_random.Next(Names.Length)];
        PartitionLog log = _directory.Find(name) ?? throw new InvalidOperationException($"{name} is gone");
        int what = _random.Next(34);
        _history.Append($" {name}:{what}@{log.LogStartOffset}-{log.CommittedEnd}-{log.LogEndOffset}");
        switch (what)
        {
            case < 6:
                Append(log, -1, false);
                break;
            case < 10:
                Append(log, _random.Next(100, 104), false);
                break;
            case < 15:
                Append(log, _random.Next(200, 204), true);
                break;
            case < 19:
                EndTransaction(log);
                break;
            case 19:
                AppendAsFollower(log);
                break;
            case 20:
                log.Roll();
                break;
            case < 23:
                Truncate(log);
                break;
            case 23:
                DeleteRecords(log);
                break;
            case 24:
                _time.Advance(TimeSpan.FromMilliseconds(_random.Next(100_000)));
                _directory.RunRetention(_time.GetUtcNow().ToUnixTimeMilliseconds());
                break;
            case 25:
                _directory.RunDeletions();
                break;
            case < 28:
                Clean();
                break;
            case 28:
                log.Flush();
                _directory.Checkpoint();
                break;
            case < 32:
                log.AdvanceCommittedEnd(_random.NextInt64(log.CommittedEnd, log.LogEndOffset + 1));
                break;
            case 32:
                Crash(_random.Next(2) == 0);
                break;
            default:
                Stop();
                break;
        }

        Assert.Empty(_failures);
    }

    /// <summary>An orderly stop, what Kafka says of the directory, and a start.</summary>
    public KafkaLogDirectory Stop()
    {
        Dictionary<TopicPartition, (long Start, long End, long Committed)> ends = Ends();
        _directory.WriteHighWatermarks(ends.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Committed)));
        _directory.Close(_random.Next());
        // A deletion that is due later is no leftover: a file of Kafka's waits in the same way.
        _directory.Environment.Deletions.Run(evenEarly: true);
        KafkaLogDirectory kafka = KafkaLogDirectory.Open(DirectoryBytesTests.FilesOf(_disk), directory => directory.StartsWith("compacted", StringComparison.Ordinal));
        foreach ((TopicPartition name, (_, long end, _)) in ends) Assert.Equal((name, end), (name, kafka.Partitions[name.ToString()].EndOffset));
        Reopen(ends);
        foreach ((TopicPartition name, (long start, long end, _)) in ends) Assert.Equal((name, start, end), (name, _directory.Find(name)!.LogStartOffset, _directory.Find(name)!.LogEndOffset));
        return kafka;
    }

    private void Crash(bool losePower)
    {
        Dictionary<TopicPartition, (long Start, long End, long Committed)> ends = Ends();
        _directory.Dispose();
        if (losePower) _disk.LosePower(_random);
        _history.Append(losePower ? " (power)" : " (kill)");
        Reopen(ends);
    }

    private void Reopen(Dictionary<TopicPartition, (long Start, long End, long Committed)> ends)
    {
        _disk.Kill();
        _directory = Open();
        foreach (PartitionLog log in _directory.Logs) log.AdvanceCommittedEnd(Math.Min(ends[log.TopicPartition].Committed, log.LogEndOffset));
    }

    private Dictionary<TopicPartition, (long Start, long End, long Committed)> Ends() =>
        _directory.Logs.ToDictionary(log => log.TopicPartition, log => (log.LogStartOffset, log.LogEndOffset, log.CommittedEnd));

    private void Append(PartitionLog log, long producerId, bool isTransactional)
    {
        ActiveProducer known = log.ActiveProducers().FirstOrDefault(
            producer => producer.ProducerId == producerId, new ActiveProducer(producerId, 0, -1, -1, -1, -1, -1));
        bool bump = _random.Next(10) == 0 && known.TransactionStart < 0;
        using var builder = new RecordBatchBuilder(
            new RecordBatchOptions
            {
                CompressionType = (CompressionType)_random.Next(5),
                ProducerId = producerId,
                ProducerEpoch = (short)(producerId < 0 ? -1 : known.Epoch + (bump ? 1 : 0)),
                BaseSequence = producerId < 0 ? -1 : bump ? 0 : known.LastSequence + 1,
                IsTransactional = isTransactional,
            },
            Codecs);
        Fill(builder, 0);
        Assert.Equal(AppendStatus.Appended, log.AppendAsLeader(builder.ToArray(), Epoch(log)).Status);
    }

    private void Fill(RecordBatchBuilder builder, long offset)
    {
        int count = _random.Next(1, 5);
        for (int i = 0; i < count; i++)
        {
            long timestamp = _time.GetUtcNow().ToUnixTimeMilliseconds() - _random.Next(5000);
            byte[] key = Encoding.ASCII.GetBytes($"key {_random.Next(8)}");
            byte[]? value = _random.Next(6) == 0 ? null : new byte[_random.Next(60)];
            if (offset > 0) builder.AppendAt(offset + i, timestamp, key, value);
            else builder.Append(timestamp, key, value);
        }
    }

    private void EndTransaction(PartitionLog log)
    {
        ActiveProducer[] open = [.. log.ActiveProducers().Where(producer => producer.TransactionStart >= 0 || _random.Next(20) == 0)];
        if (open.Length == 0) return;
        ActiveProducer producer = open[_random.Next(open.Length)];
        // The coordinator fences a producer with a marker of the next epoch.
        short epoch = (short)(producer.Epoch + (_random.Next(8) == 0 ? 1 : 0));
        byte[] marker = new EndTransactionMarker(_random.Next(2) == 0, producer.CoordinatorEpoch + 1).ToBatch(producer.ProducerId, epoch, _time.GetUtcNow().ToUnixTimeMilliseconds());
        Assert.Equal(AppendStatus.Appended, log.AppendAsLeader(marker, Epoch(log), AppendOrigin.Coordinator).Status);
    }

    /// <summary>Several batches at once, behind a gap and in later epochs, as a follower of a compacted leader gets them.</summary>
    private void AppendAsFollower(PartitionLog log)
    {
        long offset = log.LogEndOffset;
        int epoch = Math.Max(log.LatestEpoch.Value, 0);
        byte[] all = [];
        for (int i = _random.Next(1, 4); i > 0; i--)
        {
            if (_random.Next(4) == 0) offset += _random.Next(1, 4);
            if (_random.Next(4) == 0) epoch++;
            using var builder = new RecordBatchBuilder(new RecordBatchOptions { CompressionType = (CompressionType)_random.Next(5) }, Codecs);
            Fill(builder, 0);
            byte[] batch = builder.ToArray();
            RecordBatchStamp.SetOffsetAndEpoch(batch, offset, epoch);
            offset = new RecordBatchHeader(batch).LastOffset + 1;
            all = [.. all, .. batch];
        }

        Assert.Equal(AppendStatus.Appended, log.AppendAsFollower(all).Status);
        Assert.Equal(offset, log.LogEndOffset);
    }

    private void Truncate(PartitionLog log)
    {
        if (_random.Next(6) == 0) log.TruncateFullyAndStartAt(log.LogEndOffset + _random.Next(5));
        else if (EndOfBatch(log, _random.NextInt64(log.CommittedEnd, log.LogEndOffset + 1)) is var offset && offset >= log.CommittedEnd) log.TruncateTo(offset);
    }

    /// <summary>
    /// The last end of a batch at or below an offset. A log that is cut in a gap ends there until it is closed, in Kafka as well: the
    /// files know of batches only.
    /// </summary>
    private static long EndOfBatch(PartitionLog log, long offset)
    {
        if (BatchAt(log, offset) is { } holding && holding.BaseOffset < offset) offset = holding.BaseOffset;
        while (offset > log.LogStartOffset && BatchAt(log, offset - 1) is null) offset--;
        return offset;
    }

    /// <summary>The batch that holds an offset; null when none does.</summary>
    private static KafkaBatch? BatchAt(PartitionLog log, long offset)
    {
        LogReadResult read = log.Read(offset, 1, minOneMessage: true, long.MaxValue);
        if (LogRig.Bytes(read.Slice) is not { Length: > 0 } bytes) return null;
        return KafkaBatch.ReadAll("read", bytes)[0] is { } batch && batch.BaseOffset <= offset ? batch : null;
    }

    private void DeleteRecords(PartitionLog log)
    {
        log.DeleteBefore(_random.NextInt64(log.LogStartOffset, log.CommittedEnd + 1));
        _directory.WriteLogStarts();
    }

    private void Clean()
    {
        using var cleaner = new LogCleaner([_directory], () => _cleaning, _time, NullLogger.Instance);
        cleaner.CleanOnce();
        Assert.All(_directory.Logs, log => Assert.Null(log.Compaction.Uncleanable));
    }

    private LeaderEpoch Epoch(PartitionLog log) => new(Math.Max(log.LatestEpoch.Value, 0) + (_random.Next(12) == 0 ? 1 : 0));

    private LogConfig ConfigFor(string topic) =>
        topic == "kept" ? _config : _config with { Compact = true, Delete = false };

    private LogDirectory Open() => LogDirectory.Open(
        new LogDirectoryOptions
        {
            Path = Path,
            BrokerId = new BrokerId(1),
            ClusterId = GoldenDirectory.ClusterId,
            RecoveryThreads = 1,
            Codecs = Codecs,
            ConfigFor = ConfigFor,
            Producers = new ProducerOptions { Expiration = TimeSpan.FromDays(10_000) },
            Failed = (_, failure) => _failures.Add(failure),
        },
        _disk, _time, new Random(1), NullLogger.Instance);
}
