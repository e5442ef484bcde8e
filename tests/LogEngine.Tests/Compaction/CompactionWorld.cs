using System.Globalization;
using System.Text;
using KBroker.LogEngine.Compaction;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests.Compaction;

/// <summary>A record as it was appended or is found; <see cref="Producer"/> is -1 outside of transactions.</summary>
internal sealed record KeyedRecord(long Offset, string? Key, string? Value, long Timestamp, string Headers, long Producer);

/// <summary>A batch as it lies in the log.</summary>
internal sealed record FoundBatch(long First, long Last, bool IsControl, byte[] Bytes, IReadOnlyList<KeyedRecord> Records);

/// <summary>One compacted log in a log directory in memory, with its cleaner and everything that was ever appended.</summary>
internal sealed class CompactionWorld
{
    private static readonly CompressionCodecs Codecs = new();

    private readonly StorageBudget _budget;

    public CompactionWorld(InMemoryLogFileSystem disk, LogConfig config, LogCleanerOptions? options = null, StorageBudget? budget = null)
    {
        _budget = budget ?? StorageBudget.Unbounded();
        Disk = disk;
        disk.Clock = Time;
        Config = config;
        Options = options ?? new LogCleanerOptions();
        Directory = Open();
        Log = Directory.Create(new TopicPartition("t", 0), Guid.Empty, config);
        Directory.Checkpoint();
        disk.FlushDirectory("/data");
        Log.Flush();
    }

    public InMemoryLogFileSystem Disk { get; }

    public LogConfig Config { get; }

    public LogCleanerOptions Options { get; set; }

    public ManualTime Time { get; } = new();

    public LogDirectory Directory { get; private set; }

    public PartitionLog Log { get; private set; }

    /// <summary>What took the directory offline.</summary>
    public List<StorageException> Failures { get; } = [];

    public List<KeyedRecord> Appended { get; } = [];

    /// <summary>The first offset of every transaction that was aborted, by producer, with its marker's.</summary>
    public List<(long Producer, long First, long Marker)> Aborted { get; } = [];

    public long Now => Time.GetUtcNow().ToUnixTimeMilliseconds();

    public void Append(IReadOnlyList<(string? Key, string? Value)> records, CompressionType compression = CompressionType.None, ProducerStamp? producer = null)
    {
        using var builder = new RecordBatchBuilder(
            new RecordBatchOptions
            {
                CompressionType = compression,
                ProducerId = producer?.Id ?? -1,
                ProducerEpoch = (short)(producer is null ? -1 : 0),
                BaseSequence = producer?.Sequence ?? -1,
                IsTransactional = producer?.IsTransactional ?? false,
            },
            Codecs);
        long first = Log.LogEndOffset;
        for (int i = 0; i < records.Count; i++)
        {
            long timestamp = Now - i;
            string header = (first + i).ToString(CultureInfo.InvariantCulture);
            builder.Append(timestamp, Bytes(records[i].Key), Bytes(records[i].Value), [new RecordHeader("h", Bytes(header))]);
            Appended.Add(new KeyedRecord(first + i, records[i].Key, records[i].Value, timestamp, header, producer is { IsTransactional: true } ? producer.Id : -1));
        }

        LogAppendResult result = Log.AppendAsLeader(builder.ToArray(), new LeaderEpoch(0));
        Assert.Equal((AppendStatus.Appended, first), (result.Status, result.FirstOffset));
    }

    public void Put(string key, string? value) => Append([(key, value)]);

    public void End(long producer, bool commit, long first)
    {
        LogAppendResult result = Log.AppendAsLeader(
            new EndTransactionMarker(commit, 0).ToBatch(producer, 0, Now), new LeaderEpoch(0), AppendOrigin.Coordinator);
        Assert.Equal(AppendStatus.Appended, result.Status);
        if (!commit) Aborted.Add((producer, first, result.FirstOffset));
    }

    /// <summary>The log was cut, and what was appended last took the offsets of what went.</summary>
    public void Forget()
    {
        var last = new Dictionary<long, KeyedRecord>();
        foreach (KeyedRecord record in Appended) last[record.Offset] = record;
        Appended.Clear();
        Appended.AddRange(last.Values.Where(record => record.Offset < Log.LogEndOffset).OrderBy(record => record.Offset));
    }

    public void Commit() => Log.AdvanceCommittedEnd(Log.LogEndOffset);

    /// <summary>One run of the cleaner on this thread; false when there was nothing to do.</summary>
    public bool Clean()
    {
        using var cleaner = new LogCleaner([Directory], () => Options, Time, NullLogger.Instance);
        return cleaner.CleanOnce();
    }

    /// <summary>Rolls, commits and cleans all there is.</summary>
    public void CleanAll()
    {
        Log.Roll();
        Commit();
        Assert.True(Clean(), "nothing was cleaned");
        Assert.Null(Log.Compaction.Uncleanable);
    }

    public void Reopen(bool clean)
    {
        long committed = Log.CommittedEnd;
        if (clean) Directory.Close(1);
        else Directory.Dispose();
        Recover(committed);
    }

    /// <summary>Opens what a crash left.</summary>
    public void Recover(long committed)
    {
        Disk.Kill();
        Directory = Open();
        Log = Directory.Find(new TopicPartition("t", 0))!;
        Log.AdvanceCommittedEnd(Math.Min(committed, Log.LogEndOffset));
    }

    /// <summary>The last value of each key below the last stable offset, by what was appended.</summary>
    public Dictionary<string, string> ExpectedFold() => Fold(Appended.Where(record =>
        record.Key is not null && record.Offset >= Log.LogStartOffset && record.Offset < Log.LastStableOffset
        && !Aborted.Any(aborted => aborted.Producer == record.Producer && record.Offset >= aborted.First && record.Offset < aborted.Marker)));

    /// <summary>The same, by what a consumer of committed records reads.</summary>
    public Dictionary<string, string> CommittedFold()
    {
        var seen = new List<KeyedRecord>();
        long offset = Log.LogStartOffset;
        long bound = Log.LastStableOffset;
        while (offset < bound)
        {
            LogReadResult read = Log.Read(offset, 300, true, bound, withAborted: true);
            if (LogRig.Bytes(read.Slice) is not { } bytes) break;
            List<FoundBatch> batches = Parse(bytes);
            var aborted = new List<AbortedTransaction>(read.AbortedTransactions ?? []);
            foreach (FoundBatch batch in batches)
            {
                seen.AddRange(batch.Records.Where(record => !batch.IsControl && record.Key is not null && record.Offset >= Log.LogStartOffset
                    && !aborted.Exists(entry => record.Producer == entry.ProducerId && record.Offset >= entry.FirstOffset && record.Offset < entry.LastOffset)));
                offset = batch.Last + 1;
            }
        }

        return Fold(seen);
    }

    /// <summary>Every batch of the log.</summary>
    public List<FoundBatch> Batches()
    {
        var found = new List<FoundBatch>();
        long offset = Log.LogStartOffset;
        while (LogRig.Bytes(Log.Read(offset, int.MaxValue, true, long.MaxValue).Slice) is { } bytes)
        {
            found.AddRange(Parse(bytes));
            offset = found[^1].Last + 1;
        }

        return found;
    }

    public List<KeyedRecord> Records() => [.. Batches().Where(batch => !batch.IsControl).SelectMany(batch => batch.Records)];

    public void CheckFold() => Assert.Equal(Sorted(ExpectedFold()), Sorted(CommittedFold()));

    /// <summary>Every record that is there was appended so, and offsets rise.</summary>
    public void CheckRecords()
    {
        var appended = Appended.ToDictionary(record => record.Offset);
        long last = -1;
        foreach (FoundBatch batch in Batches())
        {
            Assert.True(batch.First > last && batch.Last >= batch.First, $"the batch [{batch.First}, {batch.Last}] follows {last}");
            last = batch.Last;
            if (batch.IsControl) continue;
            foreach (KeyedRecord record in batch.Records) Assert.Equal(appended[record.Offset], record);
        }
    }

    /// <summary>The record with the largest timestamp is the first of those that have it.</summary>
    public void CheckMaxTimestamp()
    {
        KeyedRecord? latest = Batches().SelectMany(batch => batch.Records).Where(record => record.Offset >= Log.LogStartOffset).MaxBy(record => record.Timestamp);
        TimestampOffset? found = Log.FindMaxTimestamp();
        Assert.Equal((latest?.Timestamp, latest?.Offset), (found?.Timestamp, found?.Offset));
    }

    private static Dictionary<string, string> Fold(IEnumerable<KeyedRecord> records)
    {
        var fold = new Dictionary<string, string>();
        foreach (KeyedRecord record in records)
        {
            if (record.Value is null) fold.Remove(record.Key!);
            else fold[record.Key!] = record.Value;
        }

        return fold;
    }

    private static string Sorted(Dictionary<string, string> fold) =>
        string.Join(' ', fold.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));

    internal static List<FoundBatch> Parse(byte[] bytes)
    {
        var found = new List<FoundBatch>();
        using var reader = new RecordBatchReader(Codecs);
        var batches = new RecordBatchEnumerator(bytes);
        while (batches.MoveNext())
        {
            byte[] batch = batches.CurrentBytes.ToArray();
            var records = new List<KeyedRecord>();
            bool current = batch[RecordBatchFormat.MagicOffset] == RecordBatchFormat.CurrentMagic;
            RecordBatchHeader header = current ? new RecordBatchHeader(batch) : default;
            long producer = current && header.IsTransactional ? header.ProducerId : -1;
            RecordEnumerator all = reader.Read(batch);
            while (all.MoveNext())
            {
                KBroker.Protocol.Records.Record record = all.Current;
                string headers = "";
                foreach (RecordHeaderView one in record.Headers) headers += Encoding.UTF8.GetString(one.Value);
                records.Add(new KeyedRecord(
                    record.Offset,
                    record.HasKey ? Encoding.UTF8.GetString(record.Key) : null,
                    record.HasValue ? Encoding.UTF8.GetString(record.Value) : null,
                    record.Timestamp,
                    headers,
                    producer));
            }

            Assert.Equal(ErrorCode.None, all.ErrorCode);
            long first = current ? header.BaseOffset : records[0].Offset;
            found.Add(new FoundBatch(first, current ? header.LastOffset : records[^1].Offset, current && header.IsControl, batch, records));
        }

        return found;
    }

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    private LogDirectory Open() => LogDirectory.Open(
        new LogDirectoryOptions
        {
            Path = "/data",
            BrokerId = new BrokerId(1),
            ClusterId = "c1",
            RecoveryThreads = 1,
            Codecs = Codecs,
            Budget = _budget,
            Failed = (_, failure) => Failures.Add(failure),
            ConfigFor = _ => Config,
            Producers = new ProducerOptions { Expiration = TimeSpan.FromDays(10_000) },
        },
        Disk,
        Time,
        new Random(1),
        NullLogger.Instance);
}

/// <summary>Who appends a batch.</summary>
internal sealed record ProducerStamp(long Id, int Sequence, bool IsTransactional);
