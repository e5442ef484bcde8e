using KBroker.LogEngine.Limits;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

/// <summary>When a segment's file counts as flushed, so that it may be closed.</summary>
public sealed class OpenFileTests
{
    private const int Rolls = 8;

    private readonly InMemoryLogFileSystem _disk = new();

    [Fact]
    public void Roll_AtTheRecoveryPointWithSpaceHeld_FilesCloseByTheBudget()
    {
        var files = new CountingFileSystem(_disk);
        var rig = new LogRig(LogConfig.Default with { Preallocate = true }, files, budget: new StorageBudget(1, 1 << 20));
        for (int i = 0; i < Rolls; i++)
        {
            rig.Append();
            rig.Log.Flush();
            rig.Log.Roll();
        }

        rig.Log.Flush();
        Assert.InRange(files.OpenLogs, 0, 2);
        Assert.Equal(Rolls, rig.Log.LogEndOffset);
    }

    [Fact]
    public void Roll_AtTheRecoveryPointAfterAFailedAppend_FilesCloseByTheBudget()
    {
        var files = new CountingFileSystem(_disk);
        var rig = new LogRig(LogConfig.Default, files, budget: new StorageBudget(1, 1 << 20));
        for (int i = 0; i < Rolls; i++)
        {
            rig.Append();
            rig.Log.Flush();
            _disk.Faults.Add(new DiskFault("write", InMemoryLogFileSystem.NoSpace, PathContains: ".log") { Written = 0.5 });
            Assert.Throws<StorageException>(() => rig.Append());
            rig.Log.Roll();
            rig.Append();
            rig.Log.Flush();
            rig.Log.Roll();
        }

        rig.Log.Flush();
        Assert.InRange(files.OpenLogs, 0, 2);
        Assert.Equal(2 * Rolls, rig.Log.LogEndOffset);
    }

    [Fact]
    public void Write_FlushBetweenItsCountAndItsBytes_FileIsNotClean()
    {
        var file = new TrackedFile(_disk.CreateNew("/f"));
        bool inside = false;
        _disk.BeforeChange = (operation, _) =>
        {
            if (inside || operation is not ("write" or "truncate")) return;
            inside = true;
            file.Flush();
            inside = false;
        };
        file.Write([1, 2, 3], 0);
        Assert.False(file.IsClean);
        file.Flush();
        Assert.True(file.IsClean);
        file.SetLength(2);
        Assert.False(file.IsClean);
        file.Flush();
        file.SetLength(2);
        Assert.True(file.IsClean);
    }

    [Fact]
    public void Write_Fails_FileIsNotClean()
    {
        var file = new TrackedFile(_disk.CreateNew("/f"));
        _disk.Faults.Add(new DiskFault("write", InMemoryLogFileSystem.NoSpace) { Written = 0.5 });
        Assert.Throws<StorageException>(() => file.Write([1, 2, 3], 0));
        Assert.False(file.IsClean);
    }
}
