using System.Diagnostics;
using System.Globalization;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;
using KBroker.Compat.Tests.Histories;
using Xunit.Abstractions;

namespace KBroker.Compat.Tests.Transactions;

/// <summary>
/// A consume-transform-produce job under kill -9 of its processes and of the broker, judged by the whole history: what goes in, what the
/// job tries, and what comes out for a consumer that watches and for one that reads at the end.
/// </summary>
/// <remarks>
/// KBROKER_EOS_SEED chooses what happens, KBROKER_EOS_ROUNDS how often; without the latter there are as many rounds, up to 200, as fit
/// into <see cref="TimeForRounds"/>.
/// </remarks>
public sealed class ExactlyOnceTests(ITestOutputHelper output)
{
    private const int Partitions = 6;
    private const int Audits = 2;
    private const int AllRounds = 200;
    private static readonly TimeSpan TimeForRounds = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task JobAndBrokerAreKilled_OutputIsTheCommittedInputOnceAndInOrder()
    {
        int seed = FromEnvironment("KBROKER_EOS_SEED") ?? 1;
        int rounds = FromEnvironment("KBROKER_EOS_ROUNDS") ?? AllRounds;
        TimeSpan limit = FromEnvironment("KBROKER_EOS_ROUNDS") is null ? TimeForRounds : TimeSpan.MaxValue;
        var random = new Random(seed);
        long began = Stopwatch.GetTimestamp();
        var recorder = new HistoryRecorder();
        await using BrokerProcess broker = await TransactionBroker.StartAsync();
        await TransactionBroker.CreateTopicsAsync(broker, ("in", Partitions), ("out", Partitions), ("audit", Audits));
        using var observer = new CommittedObserver(broker, recorder, "observer", ("in", Partitions), ("out", Partitions), ("audit", Audits));
        using var first = new TransactionalWriter(broker, recorder, "in-a", "in", Partitions, random.Next(), TimeSpan.FromMilliseconds(15));
        using var second = new TransactionalWriter(broker, recorder, "in-b", "in", Partitions, random.Next(), TimeSpan.FromMilliseconds(15));
        using var jobs = new CopyJobs(broker, recorder, new("in", "out", "audit", Audits, "copy", Batch: 8, SessionMs: 6_000, TransactionMs: 20_000), count: 3);

        int round = 0;
        int deaths = 0;
        string Story() => string.Create(CultureInfo.InvariantCulture,
            $"seed {seed}, {round} rounds, {deaths} of them with the broker killed, {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s, "
            + $"{recorder.Count(TransactionOutcome.Committed)} transactions committed, {recorder.Count(TransactionOutcome.Aborted)} aborted, "
            + $"{recorder.Count(TransactionOutcome.Unknown)} unknown, {recorder.ObservationCount} records seen. "
            + $"Jobs that ended by themselves: {string.Join('\n', jobs.Failures)}\nThe broker said:\n{broker.Output}");
        for (; round < rounds && Stopwatch.GetElapsedTime(began) < limit; round++)
        {
            int victim = random.Next(jobs.Count);
            int transactions = random.Next(1, 5);
            var moment = TimeSpan.FromMilliseconds(random.Next(20));
            await UntilAsync(() => jobs.Begun(victim) >= transactions, $"job {victim} to work", Story);
            await Task.Delay(moment);
            if (round % 4 == 3)
            {
                deaths++;
                broker.Kill();
                await broker.WaitForExitAsync();
                if (random.Next(2) == 0) jobs.KillAndStartAgain(victim);
                await broker.StartAgainAsync();
            }
            else
            {
                jobs.KillAndStartAgain(victim);
            }
        }

        await first.StopAsync();
        await second.StopAsync();
        List<ClientRecord> input = await new Dotnet().ConsumeAsync(broker, "in");
        await UntilAsync(() => recorder.CountSeenIn("out") >= input.Count, $"{input.Count} inputs to be processed, not {recorder.CountSeenIn("out")}", Story);
        await jobs.StopAsync();
        await observer.StopAsync();
        History history = await recorder.FinishAsync(broker, "in", "out", "audit");
        output.WriteLine(Story());
        IReadOnlyList<Violation> violations =
        [
            .. HistoryChecker.Check(history),
            .. CopyChecker.Check(Values(history, "in", value => value), Values(history, "out", value => value.Split('|')[0])),
        ];
        Assert.True(violations is [], $"{violations.Count} violations:\n{string.Join('\n', violations.Take(30))}\n{Story()}");
        Assert.True(input.Count > round, Story());
        await broker.StopAsync();
    }

    private static Dictionary<int, IReadOnlyList<string>> Values(History history, string topic, Func<string, string> select) => history.Final
        .Where(seen => seen.Place.Topic == topic)
        .GroupBy(seen => seen.Place.Partition)
        .ToDictionary(partition => partition.Key, partition => (IReadOnlyList<string>)[.. partition.Select(seen => select(seen.Value))]);

    private static async Task UntilAsync(Func<bool> condition, string what, Func<string> story)
    {
        try
        {
            await Deadline.UntilAsync(condition, what);
        }
        catch (TimeoutException e)
        {
            Assert.Fail($"{e.Message}; {story()}");
        }
    }

    private static int? FromEnvironment(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
