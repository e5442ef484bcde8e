using System.Diagnostics;
using System.Globalization;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;

namespace KBroker.LogEngine.Tests;

/// <summary>What logs take of a real disk beyond their bytes.</summary>
public sealed class SpaceAheadTests : IDisposable
{
    private const int Batch = 64 * 1024;
    // A file ends within a block; directories and small files beside the log have blocks of their own.
    private const int Rounding = 64;

    private readonly string _directory = System.IO.Directory.CreateTempSubdirectory("kbroker-space-").FullName;

    public void Dispose() => System.IO.Directory.Delete(_directory, recursive: true);

    [Fact]
    public void IdleLog_IndexesOfTenMegabytes_TakeNoBlocks()
    {
        LogRig rig = Rig(LogConfig.Default);
        rig.Append();
        Assert.Equal(10 * 1024 * 1024, new FileInfo(System.IO.Directory.GetFiles(_directory, "*.index").Single()).Length);
        Assert.InRange(KilobytesUsed(), 0, Rounding);
        rig.Log.Close();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void SpaceAhead_RollCloseAndCrash_GiveItBack(bool preallocate)
    {
        LogConfig config = LogConfig.Default with { Preallocate = preallocate, SegmentBytes = 32 << 20 };
        LogRig rig = Rig(config);
        Fill(rig, 5 << 20);
        Assert.InRange(KilobytesUsed(), preallocate ? 32 << 10 : 5 << 10, (preallocate ? 32 << 10 : 11 << 10) + Rounding);
        rig.Config = config with { Preallocate = false };
        rig.Log.UpdateConfig(rig.Config);
        rig.Log.Roll();
        Assert.InRange(KilobytesUsed(), 0, (5 << 10) + Rounding);
        Fill(rig, 5 << 20);
        rig.ReopenUnclean();
        Assert.InRange(KilobytesUsed(), 0, (10 << 10) + (2 * Rounding));
        Fill(rig, 1 << 20);
        rig.Log.Close();
        Assert.InRange(KilobytesUsed(), 0, (11 << 10) + (2 * Rounding));
    }

    private LogRig Rig(LogConfig config) => new(config, new PhysicalLogFileSystem(), _directory);

    private static void Fill(LogRig rig, int bytes)
    {
        byte[] batch = Batches.Make(1, Batch);
        for (int i = 0; i < bytes / batch.Length; i++) rig.Log.AppendAsLeader(batch, new LeaderEpoch(0));
    }

    private long KilobytesUsed()
    {
        using Process du = Process.Start(new ProcessStartInfo("du", ["-sk", _directory]) { RedirectStandardOutput = true })!;
        string output = du.StandardOutput.ReadToEnd();
        return long.Parse(output.Split('\t')[0], CultureInfo.InvariantCulture);
    }
}
