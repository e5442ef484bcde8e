using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>The real process on a disk that is really full: what was acknowledged stays, reads go on, and so do writes once there is room.</summary>
public sealed class FullDiskTests
{
    private const int Partitions = 2;

    // Without a mark nothing is refused before the disk itself refuses it.
    [SmallDiskFact]
    public Task DiskFull_WritesFailAndReadsGoOnUntilThereIsRoom() =>
        FillAndEmptyAsync("kbroker.log.dir.free.low.bytes=0", "kbroker.log.dir.free.min.bytes=0");

    [SmallDiskFact]
    public Task DiskBelowItsMark_WritesAreRefusedAndReadsGoOnUntilThereIsRoom() =>
        FillAndEmptyAsync("kbroker.log.dir.free.low.bytes=4000000", "kbroker.log.dir.free.min.bytes=1000000");

    private static async Task FillAndEmptyAsync(params string[] marks)
    {
        var disk = new SmallDisk(48);
        await using BrokerProcess broker = await BrokerProcess.StartOnAsync(
            disk.MountOn, ["log.segment.bytes=1000000", $"num.partitions={Partitions}", "offsets.topic.num.partitions=1", "log.flush.interval.messages=50", .. marks]);
        using SmallDisk mounted = disk;
        var records = new AcknowledgedRecords(broker, "numbers", Partitions, new Random(6));
        using (IProducer<byte[]?, byte[]?> producer = records.NewProducer(Acks.All))
        {
            for (int round = 0; round < 2; round++)
            {
                await UntilAcknowledgedAsync(broker, records, producer, records.Count + 500);
                disk.Fill();
                // Some may fit what is left of files that have room of their own.
                int settled = -1;
                await Deadline.UntilAsync(
                    () =>
                    {
                        bool still = settled == records.Count;
                        settled = records.Count;
                        for (int i = 0; i < 50; i++) records.Send(producer);
                        producer.Flush(TimeSpan.FromSeconds(10));
                        return still;
                    },
                    $"writes to fail on a full disk. The broker said:\n{broker.Output}");
                Assert.False(broker.HasExited, broker.Output);
                await records.VerifyAsync(new Dotnet());
                disk.Empty();
            }

            await UntilAcknowledgedAsync(broker, records, producer, records.Count + 500);
        }

        Assert.DoesNotContain("is offline", broker.Output, StringComparison.Ordinal);
        await records.VerifyAsync(new PythonKafka());
        // Killed while it is full: the start finds room for what it needs, or says that there is none.
        disk.Fill();
        broker.Kill();
        await broker.WaitForExitAsync();
        disk.Empty();
        await broker.StartAgainAsync();
        await records.VerifyAsync(new Dotnet());
        await broker.StopAsync();
    }

    private static Task UntilAcknowledgedAsync(BrokerProcess broker, AcknowledgedRecords records, IProducer<byte[]?, byte[]?> producer, int enough) =>
        Deadline.UntilAsync(
            () =>
            {
                for (int i = 0; i < 20 && records.Count < enough; i++) records.Send(producer);
                producer.Flush(TimeSpan.FromSeconds(10));
                return records.Count >= enough;
            },
            $"{enough} acknowledgements; there are {records.Count}. The broker said:\n{broker.Output}");
}
