using System.Diagnostics;
using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Benchmarks.Load.Traffic;
using KBroker.Benchmarks.Load.Wire;

namespace KBroker.Benchmarks.Load.Scenarios;

/// <summary>
/// From the start of the program, in an empty directory and with the program's files cached, to its first answer; and the
/// memory it then holds when left alone.
/// </summary>
internal sealed class Startup(Options options)
{
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(2);
    private readonly int _starts = options.Quick ? 5 : 10;

    public async Task<IReadOnlyList<Row>> RunAsync()
    {
        var times = new List<double>();
        var cpuTimes = new List<double>();
        var resident = new List<double>();
        await StartOnceAsync(TimeSpan.Zero);
        for (int i = 0; i < _starts; i++)
        {
            (double ms, double cpu, double mb) = await StartOnceAsync(i < 3 ? Rest : TimeSpan.Zero);
            times.Add(ms);
            cpuTimes.Add(cpu);
            if (i < 3) resident.Add(mb);
        }

        double time = InTurns.Median(times), memory = resident.Max();
        return
        [
            new Row("start to first answer, median", time, null, "ms", time, 400),
            new Row("CPU until the first answer, median", InTurns.Median(cpuTimes), null, "ms", 0, null),
            new Row("resident memory, idle", memory, null, "MB", memory, 70),
        ];
    }

    private async Task<(double Milliseconds, double CpuMilliseconds, double Megabytes)> StartOnceAsync(TimeSpan rest)
    {
        var elapsed = Stopwatch.StartNew();
        using BrokerServer broker = BrokerServer.Spawn(options);
        using (Connection connection = await broker.Process.ConnectAsync()) connection.Call(Requests.ApiVersions());
        double ms = elapsed.Elapsed.TotalMilliseconds;
        double cpu = broker.Process.CpuSeconds * 1e3;
        await Task.Delay(rest);
        return (ms, cpu, broker.Process.ResidentBytes / 1e6);
    }
}
