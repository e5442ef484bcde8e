using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Log.Measure;
using KBroker.LogEngine;
using KBroker.LogEngine.Directories;
using Microsoft.Win32.SafeHandles;

namespace KBroker.Benchmarks.Log.Scenarios;

/// <summary>
/// CPU per GB of the calling thread for appends to one log beside a bare loop in the same process over the same bytes. Both check
/// the batch's CRC, then append stamps, writes and indexes it, while the bare loop calls <c>pwrite</c> on a plain file; a second
/// bare loop writes into space that <c>fallocate</c> took ahead in steps of 16 MB. Each turn begins with a new file.
/// </summary>
internal sealed class Append(Options options, string label, int batchSize, double? limit, double? perSecond)
{
    private const long Gigabyte = 1L << 30;
    private const int Step = 16 << 20;
    private readonly int _turns = options.Quick ? 5 : 12;
    private readonly long _count = (options.Quick ? Gigabyte / 8 : Gigabyte / 4) / batchSize;
    private readonly BatchSource _batch = new(batchSize, 1024);
    private double _allocated;

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        string path = Path.Combine(options.Work, "append");
        using LogDirectory directory = Logs.Open(path);
        Func<Task<double>>[] subjects =
        [
            () => Task.FromResult(ToLog(directory)),
            () => Task.FromResult(ToFile(path, ahead: false)),
            () => Task.FromResult(ToFile(path, ahead: true)),
        ];
        await InTurns.WarmUpAsync(options.Quick, subjects);
        InTurns result = await InTurns.RunAsync(_turns, subjects);
        Directory.Delete(path, recursive: true);
        double rate = Gigabyte / (result.Of(0) * batchSize);
        return
        [
            new Row($"append, {label}, beside a bare pwrite loop with CRC check", result.Of(0), result.Of(1), "CPU s/GB", result.Ratio(0, 1), limit),
            new Row($"append, {label}, beside one that preallocates", result.Of(0), result.Of(2), "CPU s/GB", result.Ratio(0, 2), null),
            new Row($"append, {label}, on one core", rate, null, "batches/s", rate, perSecond, AtLeast: true),
            new Row($"append, {label}, allocated", _allocated, null, "bytes/append", _allocated, null),
        ];
    }

    private double ToLog(LogDirectory directory)
    {
        PartitionLog log = Logs.Create(directory, "append");
        try
        {
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            double cost = Cost(_ =>
            {
                if (log.AppendAsLeader(_batch.Bytes, Logs.Epoch).Status != AppendStatus.Appended) throw new InvalidOperationException("not appended");
            });
            _allocated = (double)(GC.GetAllocatedBytesForCurrentThread() - allocated) / _count;
            return cost;
        }
        finally
        {
            string renamed = log.Directory;
            directory.Delete(log.TopicPartition);
            Directory.Delete(log.Directory == renamed ? renamed : log.Directory, recursive: true);
        }
    }

    private double ToFile(string path, bool ahead)
    {
        string name = Path.Combine(path, "bare.data");
        using SafeFileHandle file = File.OpenHandle(name, FileMode.CreateNew, FileAccess.Write);
        long allocated = 0;
        double cost = Cost(i =>
        {
            long position = i * batchSize;
            if (ahead && position + batchSize > allocated)
            {
                Space.Allocate(file, allocated, Step);
                allocated += Step;
            }

            RandomAccess.Write(file, _batch.Bytes, position);
        });
        File.Delete(name);
        return cost;
    }

    private double Cost(Action<long> write)
    {
        long before = CpuClock.Thread;
        for (long i = 0; i < _count; i++)
        {
            if (!_batch.IsCrcValid()) throw new InvalidOperationException("the CRC is wrong");
            write(i);
        }

        return (CpuClock.Thread - before) / 1e9 * Gigabyte / (_count * batchSize);
    }
}
