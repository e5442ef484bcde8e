using System.Diagnostics;
using System.Globalization;
using KBroker.Fuzz.Tests.Mutation;
using KBroker.Fuzz.Tests.Schemas;
using KBroker.Fuzz.Tests.Serving;
using KBroker.Protocol.Messages;
using KBroker.TestKit;
using Xunit.Abstractions;

namespace KBroker.Fuzz.Tests;

/// <summary>
/// Mutated frames against a whole broker over TCP. KBROKER_FUZZ_SECONDS (default 60) sets how long, KBROKER_FUZZ_SEED repeats
/// a run's draws.
/// </summary>
public sealed class BrokerFuzzTests(ITestOutputHelper output)
{
    private const int Workers = 4;
    private const long MaxGrowth = 64 << 20;

    [Fact]
    public async Task Frames_Mutated_DoNoHarm()
    {
        int seconds = Setting("KBROKER_FUZZ_SECONDS", 60);
        int seed = Setting("KBROKER_FUZZ_SEED", 20260401);
        await using FuzzBroker broker = await FuzzBroker.StartAsync();
        List<byte[]> seeds = Corpus.Seeds(new Random(seed), FuzzBroker.Topics, broker.TopicIds, await ServedAsync(broker));
        using var watch = new ExceptionWatch();
        using var canary = new Canary(broker.EndPoint);
        var sent = new SentFrames();

        // What the first frames bring into memory, code and pools, is no growth.
        canary.Start();
        FuzzWorker[] warm = Run(broker, seeds, seed - 1, sent, Math.Min(5, seconds), Faults);
        int sockets = OpenDescriptors.Sockets;
        long before = Resident();
        long started = Stopwatch.GetTimestamp();
        FuzzWorker[] workers = Run(broker, seeds, seed, sent, seconds, Faults);
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        await canary.StopAsync();

        output.WriteLine(
            $"seed {seed}: {seeds.Count} seeds ({Corpus.Recorded.Count} recorded), {sent.Count} frames sent, {workers.Sum(worker => worker.Processed)} " +
            $"processed in {took.TotalSeconds:F1} s ({workers.Sum(worker => worker.Processed) / took.TotalSeconds:F0}/s), " +
            $"{workers.Sum(worker => worker.Answered)} answered, {workers.Sum(worker => worker.Closed)} closed; " +
            $"APIs and versions reached: {workers.SelectMany(worker => worker.Reached).Distinct().Count()}; canary: {canary.Sung} records, slowest {canary.Slowest.TotalMilliseconds:F0} ms");
        string? faults = Faults();
        if (faults is not null) Assert.Fail($"seed {seed}:\n{faults}\n{await BlameAsync(sent)}");

        foreach (FuzzWorker worker in warm.Concat(workers)) Assert.Empty(worker.BadAnswers);
        Assert.True(canary.Sung > seconds, $"the canary sang only {canary.Sung} times");
        await Eventually.TrueAsync(() => OpenDescriptors.Sockets <= sockets, "the sockets to be closed");
        await Eventually.TrueAsync(() => Resident() < before + MaxGrowth, "the memory to come back");
        Assert.Empty(broker.Log.UnfitLines);
        Assert.Empty(broker.StrayFiles());

        await broker.RestartAsync();
        await canary.AssertAllThereAsync(broker.EndPoint);
        await broker.StopAsync();
        int batches = StoredBatches.CheckDirectory(broker.LogDirectory);
        output.WriteLine($"{batches} batches stored, all valid; resident {before >> 20} MB before, {Resident() >> 20} MB after");
        Assert.True(batches > canary.Sung, "no mutated frame appended anything");
        Assert.Empty(broker.Log.Errors);

        string? Faults()
        {
            var faults = new List<string>();
            faults.AddRange(watch.Bugs);
            faults.AddRange(broker.Log.Errors);
            if (canary.Failure is { } failure) faults.Add($"canary: {failure}");
            return faults.Count == 0 ? null : string.Join("\n", faults);
        }
    }

    private static FuzzWorker[] Run(FuzzBroker broker, List<byte[]> seeds, int seed, SentFrames sent, int seconds, Func<string?> faults)
    {
        using var stop = new CancellationTokenSource();
        FuzzWorker[] workers = [.. Enumerable.Range(0, Workers).Select(i =>
        {
            var random = new Random((seed * 31) + i);
            return new FuzzWorker(broker.EndPoint, random, new FrameMutator(random, seeds), sent);
        })];
        Thread[] threads = [.. workers.Select(worker => new Thread(() => worker.Run(stop.Token)))];
        foreach (Thread thread in threads) thread.Start();
        long started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started).TotalSeconds < seconds && faults() is null) stop.Token.WaitHandle.WaitOne(100);
        stop.Cancel();
        foreach (Thread thread in threads) thread.Join();
        return workers;
    }

    /// <summary>Sends the last frames again, each to itself, to a new broker, and names those that cause an error by themselves.</summary>
    private static async Task<string> BlameAsync(SentFrames sent)
    {
        var blamed = new List<string>();
        foreach (byte[] frame in sent.Last().Reverse())
        {
            if (blamed.Count == 3) break;
            if (await FrameReplay.RunAsync([frame]) is { } fault) blamed.Add($"frame {Convert.ToHexString(frame)}\n  {fault.Split('\n')[0]}");
        }

        return blamed.Count > 0 ? string.Join("\n", blamed) : "no single one of the last frames causes it alone";
    }

    private static async Task<Func<short, VersionSpan>> ServedAsync(FuzzBroker broker)
    {
        await using RawClient client = await RawClient.ConnectAsync(broker.EndPoint);
        ApiVersionsResponse served = await client.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        var versions = served.ApiKeys.ToDictionary(api => api.ApiKey, api => new VersionSpan(api.MinVersion, api.MaxVersion));
        return key => versions.GetValueOrDefault(key, VersionSpan.None);
    }

    private static long Resident()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return Environment.WorkingSet;
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}
