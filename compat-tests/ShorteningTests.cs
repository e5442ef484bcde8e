using System.Diagnostics;
using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>
/// The real process, killed within its changes to the disk while it compacts one topic and takes the oldest segments off another.
/// <c>KBROKER_CRASH_POINTS</c> sets how many kills are tried, <c>KBROKER_CRASH_SEED</c> which.
/// </summary>
public sealed class ShorteningTests
{
    private const int DefaultPoints = 4;
    private const int EnoughToTake = 400;

    // Tiny segments, a cleaner that hardly rests and files that go at once: most changes to the disk are those of a clean-up.
    private static readonly string[] Busy =
    [
        "log.segment.bytes=6000", "log.index.interval.bytes=300", "log.flush.interval.messages=100", "num.partitions=1",
        "log.cleaner.backoff.ms=10", "log.cleaner.min.cleanable.ratio=0.01", "log.cleaner.delete.retention.ms=200", "log.cleaner.threads=2",
        "log.retention.check.interval.ms=100", "log.initial.task.delay.ms=0", "log.segment.delete.delay.ms=0",
        "log.flush.offset.checkpoint.interval.ms=1000",
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task KilledWhileLogsAreShortened_WhatWasAcknowledgedIsFoldedOrKept(bool shortWrites)
    {
        int points = Faults.Setting("KBROKER_CRASH_POINTS", DefaultPoints);
        int seed = Faults.Setting("KBROKER_CRASH_SEED", 1) + (shortWrites ? 1000 : 0);
        var random = new Random(seed);
        await using BrokerProcess broker = await BrokerProcess.StartAsync(Busy);
        await CreateAsync(broker, "compacted", "cleanup.policy=compact");
        await CreateAsync(broker, "shortened", "retention.bytes=20000");
        var keyed = new FoldedRecords(broker, "compacted", random);
        var kept = new RetainedRecords(broker, "shortened", random);
        broker.Kill();
        await broker.WaitForExitAsync();
        using var faults = new Faults();
        broker.Environment = faults.Environment;
        for (int point = 0; point < points; point++)
        {
            int change = random.Next(1, random.Next(3) == 0 ? 40 : 1200);
            string where = $"seed {seed}, kill {point} at change {change}";
            if (point % 4 == 3) await faults.DieWhileStartingAsync(broker, random.Next(1, 20), shortWrites);
            await broker.StartAgainAsync();
            await keyed.VerifyAsync(where);
            await kept.VerifyAsync(where);
            faults.Arm(change, shortWrites);
            using (IProducer<byte[]?, byte[]?> producer = NewProducer(broker))
            {
                int most = keyed.Sent + 20_000;
                await Deadline.UntilAsync(
                    () =>
                    {
                        for (int i = 0; i < 30 && !broker.HasExited && keyed.Sent < most; i++)
                        {
                            keyed.Send(producer);
                            kept.Send(producer);
                        }

                        return broker.HasExited;
                    },
                    $"{where}: the broker to die. It said:\n{broker.Output}");
            }

            faults.Disarm();
            Assert.True(await broker.WaitForExitAsync() != 0, where);
        }

        await broker.StartAgainAsync();
        // Kills may have come before there was anything to take.
        using (IProducer<byte[]?, byte[]?> producer = NewProducer(broker))
        {
            for (int i = 0; i < EnoughToTake; i++)
            {
                keyed.Send(producer);
                kept.Send(producer);
            }

            producer.Flush(TimeSpan.FromSeconds(30));
        }

        long started = Stopwatch.GetTimestamp();
        do
        {
            await keyed.VerifyAsync("at the end");
            await kept.VerifyAsync("at the end");
        }
        while ((kept.Start == 0 || keyed.Found >= keyed.Acknowledged) && Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(30));
        Assert.True(keyed.Acknowledged > points * 10, $"only {keyed.Acknowledged} records were acknowledged");
        Assert.True(kept.Start > 0, "retention took nothing");
        Assert.True(keyed.Found < keyed.Acknowledged, "compaction took nothing");
        await broker.StopAsync();
    }

    private static IProducer<byte[]?, byte[]?> NewProducer(BrokerProcess broker)
    {
        ProducerConfig config = Dotnet.ProducerConfig(broker);
        config.MessageSendMaxRetries = 0;
        config.LingerMs = 1;
        config.BatchNumMessages = 20;
        config.ReconnectBackoffMs = 10;
        config.ReconnectBackoffMaxMs = 100;
        return new ProducerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
    }

    private static async Task CreateAsync(BrokerProcess broker, string topic, string config)
    {
        ClientResult result = await KBrokerCommand.RunAsync(broker, ["topics", "--create", "--topic", topic, "--partitions", "1", "--config", config]);
        Assert.True(result.ExitCode == 0, $"{result.CommandLine}: {result.Error}\nThe broker said:\n{broker.Output}");
    }
}
