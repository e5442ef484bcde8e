using System.Buffers.Binary;
using System.Globalization;
using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Log.Measure;
using KBroker.LogEngine;
using KBroker.LogEngine.Compaction;
using KBroker.LogEngine.Directories;
using KBroker.Protocol.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Benchmarks.Log.Scenarios;

/// <summary>
/// One cleaning of a log of 1 GB in the page cache: 2 M records of 500 bytes in batches of 16 KB, each of 1 M keys twice, under a map
/// that has room for little more than the keys. CPU time of the whole process, and how far its memory rises above what it was.
/// </summary>
internal sealed class Compaction(Options options)
{
    private const int RecordsPerBatch = 32;
    private const int ValueSize = 460;
    private const int OtherMemory = 24 << 20;

    private readonly int _keys = options.Quick ? 250_000 : 1_000_000;

    public Task<IReadOnlyList<Row>> RunAsync()
    {
        Run(10_000);
        (double perCpuSecond, long memory, long bound) = Run(_keys);
        IReadOnlyList<Row> rows =
        [
            new Row($"compaction, {_keys:N0} keys twice", perCpuSecond, null, "GB/CPU s", perCpuSecond, null),
            new Row("compaction, memory above before", memory / 1e6, bound / 1e6, "MB", memory / 1e6, bound / 1e6),
        ];
        return Task.FromResult(rows);
    }

    private (double PerCpuSecond, long Memory, long Bound) Run(int keys)
    {
        string path = Path.Combine(options.Work, "compaction");
        LogConfig config = LogConfig.Default with { SegmentBytes = 64 << 20, Compact = true, Delete = false };
        // 24 bytes a key at a load of 0.9.
        var cleanerOptions = new LogCleanerOptions { DedupeBufferSize = (long)(keys * 24 / 0.9) + 4096 };
        using (LogDirectory directory = Logs.Open(path, config))
        {
            PartitionLog log = Logs.Create(directory, "compaction", 0, config);
            Fill(log, keys);
            log.Roll();
            log.AdvanceCommittedEnd(log.LogEndOffset);
            log.Flush();
            using var cleaner = new LogCleaner([directory], () => cleanerOptions, TimeProvider.System, NullLogger.Instance);
            GC.Collect(2, GCCollectionMode.Aggressive, true, true);
            File.WriteAllText("/proc/self/clear_refs", "5");
            long size = log.SizeInBytes;
            long resident = Resident("VmRSS:");
            long cpu = CpuClock.Process;
            if (!cleaner.CleanOnce()) throw new InvalidOperationException("nothing was compacted");
            cpu = CpuClock.Process - cpu;
            long memory = Resident("VmHWM:") - resident;
            if (log.SizeInBytes > size * 0.55) throw new InvalidOperationException($"{log.SizeInBytes} of {size} bytes are left");
            Directory.Delete(path, recursive: true);
            return (size / (double)cpu, memory, cleanerOptions.DedupeBufferSize + OtherMemory);
        }
    }

    private static void Fill(PartitionLog log, int keys)
    {
        byte[] value = new byte[ValueSize];
        new Random(1).NextBytes(value);
        byte[] key = new byte[16];
        using var builder = new RecordBatchBuilder(new RecordBatchOptions());
        for (int i = 0; i < 2 * keys; i += RecordsPerBatch)
        {
            builder.Reset(new RecordBatchOptions());
            for (int j = i; j < Math.Min(i + RecordsPerBatch, 2 * keys); j++)
            {
                // A prime step goes through all keys, then through them again.
                BinaryPrimitives.WriteInt64BigEndian(key, j * 7919L % keys);
                builder.Append(1 + j, key, value);
            }

            if (log.AppendAsLeader(builder.ToArray(), Logs.Epoch).Status != AppendStatus.Appended) throw new InvalidOperationException("not appended");
        }
    }

    private static long Resident(string name)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(name.Length).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) * 1024;
    }
}
