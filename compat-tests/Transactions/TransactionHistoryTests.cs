using System.Diagnostics;
using System.Globalization;
using KBroker.Compat.Tests.Harness;
using KBroker.Compat.Tests.Histories;
using Xunit.Abstractions;

namespace KBroker.Compat.Tests.Transactions;

/// <summary>Producers in transactions under the broker's deaths, judged by the whole history (KBROKER_EOS_SEED chooses what happens).</summary>
public sealed class TransactionHistoryTests(ITestOutputHelper output)
{
    private const int Partitions = 4;

    [Fact]
    public async Task BrokerIsKilledUnderTransactions_CommittedAreSeenWhollyOnceAndInOrderAndOthersNever()
    {
        const int rounds = 5;
        int seed = Environment.GetEnvironmentVariable("KBROKER_EOS_SEED") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : 1;
        var random = new Random(seed);
        long began = Stopwatch.GetTimestamp();
        var recorder = new HistoryRecorder();
        await using BrokerProcess broker = await TransactionBroker.StartAsync("log.segment.bytes=100000");
        await TransactionBroker.CreateTopicsAsync(broker, ("t", Partitions));
        using var early = new CommittedObserver(broker, recorder, "early", ("t", Partitions));
        using var sampler = new StableOffsetSampler(broker, recorder, "t", Partitions);
        TransactionalWriter[] writers = [.. Enumerable.Range(0, 3).Select(i => new TransactionalWriter(
            broker, recorder, string.Create(CultureInfo.InvariantCulture, $"w{i}"), "t", Partitions, random.Next(), TimeSpan.FromMilliseconds(5)))];
        string said = "";
        for (int round = 0; round < rounds; round++)
        {
            int before = recorder.Count(TransactionOutcome.Committed);
            int more = random.Next(5, 60);
            await Deadline.UntilAsync(() => recorder.Count(TransactionOutcome.Committed) >= before + more, $"{more} more commits; {broker.Output}");
            await Task.Delay(random.Next(20));
            said += broker.Output;
            await broker.KillAndStartAgainAsync();
        }

        using var late = new CommittedObserver(broker, recorder, "late", ("t", Partitions));
        foreach (TransactionalWriter writer in writers) await writer.StopAsync();
        int expected = (await new Clients.Dotnet().ConsumeAsync(broker, "t")).Count;
        await Deadline.UntilAsync(() => recorder.CountSeenIn("t") >= 2 * expected, $"two consumers to see {expected} records, not {recorder.CountSeenIn("t")} in all");
        await early.StopAsync();
        await late.StopAsync();
        await sampler.StopAsync();
        foreach (TransactionalWriter writer in writers) writer.Dispose();
        History history = await recorder.FinishAsync(broker, "t");

        string story = string.Create(CultureInfo.InvariantCulture,
            $"seed {seed}, {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s, {recorder.Count(TransactionOutcome.Committed)} transactions committed, "
            + $"{recorder.Count(TransactionOutcome.Aborted)} aborted, {recorder.Count(TransactionOutcome.Unknown)} unknown, {history.Samples.Count} samples, {expected} records");
        output.WriteLine(story);
        IReadOnlyList<Violation> violations = HistoryChecker.Check(history);
        Assert.True(violations is [], $"{violations.Count} violations:\n{string.Join('\n', violations.Take(30))}\n{story}\nThe broker said:\n{said}{broker.Output}");
        await broker.StopAsync();
    }
}
