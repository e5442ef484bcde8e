using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

/// <summary>Snapshots that leave out producers by the settings of their time are right, and stay.</summary>
public sealed class ProducerCapTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 4)]
    [InlineData(40, 40)]
    [InlineData(4, 1000)]
    [InlineData(1000, 4)]
    [InlineData(40, 7)]
    public void Open_MoreProducersThanTheCap_SnapshotsStay(int before, int after)
    {
        LogRig rig = Rig(new ProducerOptions { MaxProducers = before });
        for (int i = 0; i < 100; i++)
        {
            rig.Produce(i, 0, 0);
            if (i % 30 == 29) rig.Log.Roll();
        }

        CheckKept(rig, new ProducerOptions { MaxProducers = after });
        Assert.InRange(rig.Log.ProducerCount, 1, after);
        // Who wrote last is remembered.
        Assert.Equal(AppendStatus.Duplicate, rig.Produce(99, 0, 0).Status);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(24)]
    public void Open_TransactionsAndMoreProducersThanTheCap_SnapshotsStay(int cap)
    {
        LogRig rig = Rig(new ProducerOptions { MaxProducers = cap });
        var random = new Random(cap);
        int[] next = new int[60];
        bool[] open = new bool[60];
        for (int i = 0; i < 400; i++)
        {
            int id = random.Next(60);
            if (open[id])
            {
                rig.End(id, 0, commit: random.Next(2) == 0);
                open[id] = false;
                continue;
            }

            bool transactional = random.Next(4) == 0;
            // A new epoch may begin anew, forgotten or not.
            rig.Produce(id, (short)next[id]++, 0, transactional: transactional);
            open[id] = transactional;
            if (i % 20 == 0) rig.Log.Roll();
            if (i % 50 == 49) CheckKept(rig, rig.Producers);
        }
    }

    [Fact]
    public void Open_CapLowered_WhoWroteLastIsRemembered()
    {
        LogRig rig = Rig(new ProducerOptions());
        // The snapshot lists them in another order than they wrote in.
        for (int i = 0; i < 200; i++) rig.Produce(i, 0, 0);
        for (int i = 0; i < 200; i++) rig.Produce(i * 77 % 200, 0, 1);
        CheckKept(rig, new ProducerOptions { MaxProducers = 80 });
        Assert.Equal(
            Enumerable.Range(0, 200).Select(i => i * 77L % 200).TakeLast(rig.Log.ProducerCount).Order(),
            rig.Log.ActiveProducers().Select(producer => producer.ProducerId).Order());
        Assert.InRange(rig.Log.ProducerCount, 70, 80);
    }

    [Fact]
    public void Open_ExpirationMadeLonger_SnapshotsStay()
    {
        LogRig rig = Rig(new ProducerOptions { Expiration = TimeSpan.FromMinutes(10) });
        rig.Produce(1, 0, 0);
        rig.Produce(2, 0, 0);
        rig.Time.Advance(TimeSpan.FromMinutes(8));
        rig.Produce(3, 0, 0);
        rig.Time.Advance(TimeSpan.FromMinutes(8));
        Assert.Equal(2, rig.Log.ExpireProducers());
        CheckKept(rig, new ProducerOptions { Expiration = TimeSpan.FromDays(1) });
        Assert.Equal([3L], rig.Log.ActiveProducers().Select(producer => producer.ProducerId));
    }

    [Fact]
    public void TruncateTo_MoreProducersThanTheCap_SnapshotsStay()
    {
        LogRig rig = Rig(new ProducerOptions { MaxProducers = 4 });
        for (int i = 0; i < 100; i++)
        {
            rig.Produce(i, 0, 0);
            if (i % 30 == 29) rig.Log.Roll();
        }

        List<string> before = Snapshots(rig);
        rig.Log.TruncateTo(95);
        Assert.Equal(before, Snapshots(rig));
        Assert.Equal(AppendStatus.Duplicate, rig.Produce(94, 0, 0).Status);
    }

    private static LogRig Rig(ProducerOptions options)
    {
        // The time of the batches is the clock's, so that none counts as expired.
        var rig = new LogRig(LogConfig.Default with { MessageTimestampType = Protocol.Records.TimestampType.LogAppendTime }) { Producers = options };
        rig.ReopenClean();
        return rig;
    }

    private static void CheckKept(LogRig rig, ProducerOptions options)
    {
        rig.Log.Close();
        List<string> before = Snapshots(rig);
        rig.Producers = options;
        rig.Load(clean: true, rig.Log.LogEndOffset, 0);
        Assert.Equal(before[^1], Snapshots(rig)[^1]);
        Assert.True(Snapshots(rig).Count >= before.Count - 1, "but for that of the stop before, all stay");
    }

    private static List<string> Snapshots(LogRig rig) => [.. rig.Disk.List(LogRig.Directory).Select(entry => entry.Name)
        .Where(name => name.EndsWith(".snapshot", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
