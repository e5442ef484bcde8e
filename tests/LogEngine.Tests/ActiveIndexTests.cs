using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

/// <summary>Indexes of the segment that grows, which a restart or the budget has taken out of memory.</summary>
public sealed class ActiveIndexTests
{
    private const int Before = 20;

    private readonly CountingFileSystem _files;
    private readonly InMemoryLogFileSystem _disk = new();

    public ActiveIndexTests() => _files = new CountingFileSystem(_disk);

    [Fact]
    public void Append_AnyOpenOfAnIndexFails_NothingOfItIsInTheFile()
    {
        int failed = 0;
        for (int nth = 1; nth <= 12; nth++)
        {
            LogRig rig = Evicted(nth);
            long size = rig.Log.SizeInBytes;
            int opens = 0;
            _files.BeforeOpen = path =>
            {
                if (path.EndsWith("index", StringComparison.Ordinal) && ++opens == nth) throw new StorageException("open", path, 24);
            };
            bool thrown = false;
            try
            {
                rig.Append(timestamp: 5000);
            }
            catch (StorageException)
            {
                thrown = true;
                failed++;
            }

            _files.BeforeOpen = null;
            long end = Before + (thrown ? 0 : 1);
            Assert.Equal(end, rig.Log.LogEndOffset);
            if (thrown) Assert.Equal(size, _disk.ReadAll($"{rig.Path}/00000000000000000000.log").Length);
            Assert.Equal(end, rig.Append(timestamp: 6000).FirstOffset);
            Assert.Equal(end, rig.Log.FindMaxTimestamp()!.Value.Offset);
            rig.ReopenClean();
            Assert.Equal(end + 1, LogContents.Read(rig.Log).Count);
        }

        Assert.NotEqual(0, failed);
    }

    [Theory]
    [InlineData(".index", "append")]
    [InlineData(".timeindex", "append")]
    [InlineData(".index", "roll")]
    [InlineData(".timeindex", "roll")]
    [InlineData(".index", "close")]
    [InlineData(".timeindex", "close")]
    public void Change_IndexIsDamagedMeanwhile_IsMadeAnew(string suffix, string change)
    {
        LogRig rig = Evicted(0);
        _disk.WriteAll(rig.Path + "/00000000000000000000" + suffix, [1, 2, 3]);
        if (change == "append") rig.Append(timestamp: 5000);
        if (change == "roll") rig.Log.Roll();
        if (change != "close") Assert.Equal(Before + (change == "append" ? 1 : 0), rig.Append(timestamp: 5000).FirstOffset);
        long end = rig.Log.LogEndOffset;
        rig.ReopenClean();
        Assert.Equal(end, LogContents.Read(rig.Log).Count);
        for (int i = 0; i < Before; i++) Assert.Equal(i, rig.Log.FindOffsetByTimestamp(1000 + i)?.Offset);
    }

    private LogRig Evicted(int run)
    {
        var config = LogConfig.Default with { IndexIntervalBytes = 1 };
        var rig = new LogRig(config, _files, $"/data/t-{run}", new StorageBudget(1000, 1));
        for (int i = 0; i < Before; i++) rig.Append(timestamp: 1000 + i);
        rig.ReopenClean();
        Assert.Equal(0, rig.Budget.IndexBytes);
        return rig;
    }
}
