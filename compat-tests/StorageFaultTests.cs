using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>
/// The real process, killed within its changes to the disk, and on a disk that fails under it: what was acknowledged is where the
/// acknowledgement said. <c>KBROKER_CRASH_POINTS</c> sets how many kills are tried, <c>KBROKER_CRASH_SEED</c> which.
/// </summary>
public sealed class StorageFaultTests
{
    private const int Partitions = 2;
    private const int DefaultPoints = 7;

    // Segments of a few appends and a flush every few records: most changes are not appends.
    private static readonly string[] Busy =
        ["log.segment.bytes=20000", "log.flush.interval.messages=20", "log.index.interval.bytes=500", $"num.partitions={Partitions}"];

    [Theory]
    [InlineData(Acks.All, false)]
    [InlineData(Acks.Leader, true)]
    public async Task KilledWithinAChangeToTheDisk_EveryAcknowledgedRecordIsAtItsOffset(Acks acks, bool shortWrites)
    {
        int points = Faults.Setting("KBROKER_CRASH_POINTS", DefaultPoints);
        int seed = Faults.Setting("KBROKER_CRASH_SEED", 1) + (int)acks;
        var random = new Random(seed);
        await using BrokerProcess broker = await BrokerProcess.StartAsync(Busy);
        var records = new AcknowledgedRecords(broker, "numbers", Partitions, random);
        broker.Kill();
        await broker.WaitForExitAsync();
        using var faults = new Faults();
        broker.Environment = faults.Environment;
        for (int point = 0; point < points; point++)
        {
            int change = random.Next(1, random.Next(3) == 0 ? 20 : 300);
            string where = $"seed {seed}, kill {point} at change {change}";
            // Every fourth dies while it starts, and is started again.
            if (point % 4 == 3) await faults.DieWhileStartingAsync(broker, random.Next(1, 12));
            await broker.StartAgainAsync();
            if (records.Count > 0) await records.VerifyAsync(new Dotnet());
            faults.Arm(change, shortWrites);
            using (IProducer<byte[]?, byte[]?> producer = records.NewProducer(acks))
            {
                int most = records.Sent + 20_000;
                await Deadline.UntilAsync(
                    () =>
                    {
                        for (int i = 0; i < 20 && !broker.HasExited && records.Sent < most; i++) records.Send(producer);
                        return broker.HasExited;
                    },
                    $"{where}: the broker to die. It said:\n{broker.Output}");
            }

            faults.Disarm();
            Assert.True(await broker.WaitForExitAsync() != 0, where);
        }

        await broker.StartAgainAsync();
        Assert.True(records.Count >= points, $"only {records.Count} records were acknowledged");
        await records.VerifyAsync(new Dotnet());
        await records.VerifyAsync(new PythonKafka());
        await broker.StopAsync();
    }

    [Theory]
    [InlineData("when=150+")]
    [InlineData("when=150")]
    public async Task FlushFails_NothingIsAcknowledgedAfterwardsAndARestartIsSound(string when)
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync([.. Busy, "log.flush.interval.messages=1"]);
        var records = new AcknowledgedRecords(broker, "numbers", Partitions, new Random(3));
        await RestartUnderAsync(broker, "fsync,fdatasync", $"error=EIO:{when}");
        using (IProducer<byte[]?, byte[]?> producer = records.NewProducer(Acks.All))
        {
            await Deadline.UntilAsync(
                () =>
                {
                    for (int i = 0; i < 20 && !IsOffline(broker); i++) records.Send(producer);
                    return IsOffline(broker);
                },
                $"the failed flush to be noticed. The broker said:\n{broker.Output}");
            // What was answered before the failure may still be on its way.
            producer.Flush(TimeSpan.FromSeconds(5));
            int acknowledged = records.Count;
            for (int i = 0; i < 200; i++) records.Send(producer);
            producer.Flush(TimeSpan.FromSeconds(5));
            Assert.Equal(acknowledged, records.Count);
        }

        await RestartPlainAsync(broker);
        await records.VerifyAsync(new Dotnet());
        await broker.StopAsync();
    }

    [Fact]
    public async Task FlushFailsInTheOnlyLogDirectory_BrokerSaysSoAndExitsWithOne()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync([.. Busy, "log.flush.interval.messages=1"]);
        var records = new AcknowledgedRecords(broker, "numbers", Partitions, new Random(5));
        await RestartUnderAsync(broker, "fsync,fdatasync", "error=EIO:when=100+");
        using (IProducer<byte[]?, byte[]?> producer = records.NewProducer(Acks.All))
        {
            await Deadline.UntilAsync(
                () =>
                {
                    for (int i = 0; i < 20 && !broker.HasExited; i++) records.Send(producer);
                    return broker.HasExited;
                },
                $"the broker to end. It said:\n{broker.Output}");
        }

        Assert.Equal(1, await broker.WaitForExitAsync());
        Assert.Contains($"all log directories have failed, so this broker stops: {broker.Directory}: ", broker.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled exception", broker.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(broker.Directory, ".kafka_cleanshutdown")));
        broker.Launcher = [];
        await broker.StartAgainAsync();
        await records.VerifyAsync(new Dotnet());
        await broker.StopAsync();
    }

    [Fact]
    public async Task DiskFullForAWhile_AppendsGoOnAfterwards()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync(Busy);
        var records = new AcknowledgedRecords(broker, "numbers", Partitions, new Random(4));
        await RestartUnderAsync(broker, "pwrite64", "error=ENOSPC:when=30..50");
        using (IProducer<byte[]?, byte[]?> producer = records.NewProducer(Acks.All))
        {
            await Deadline.UntilAsync(
                () =>
                {
                    for (int i = 0; i < 20 && records.Sent - records.Count < 5000; i++) records.Send(producer);
                    return records.Count >= 2000;
                },
                $"acknowledgements after the disk was full; there are {records.Count}. The broker said:\n{broker.Output}");
        }

        Assert.False(broker.HasExited);
        // Each thread counts its own writes: how often it struck is not known, but it must have.
        Assert.Contains("errno 28", broker.Output, StringComparison.Ordinal);
        await RestartPlainAsync(broker);
        await records.VerifyAsync(new Dotnet());
        await broker.StopAsync();
    }

    private static async Task RestartUnderAsync(BrokerProcess broker, string calls, string injection)
    {
        // Each thread counts its own calls. With -D the tracer is the child, so that the process that is killed is the broker.
        broker.Launcher = ["strace", "-D", "-f", "-qqq", "-o", "/dev/null", "--seccomp-bpf", "-e", $"trace={calls}", "-e", $"inject={calls}:{injection}"];
        await broker.KillAndStartAgainAsync();
    }

    private static async Task RestartPlainAsync(BrokerProcess broker)
    {
        broker.Launcher = [];
        await broker.KillAndStartAgainAsync();
    }

    private static bool IsOffline(BrokerProcess broker) => broker.HasExited || broker.Output.Contains("is offline", StringComparison.Ordinal);
}
