using System.Diagnostics;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests;

/// <summary>The log on the real disk: what no disk in memory can show.</summary>
public sealed class PhysicalDiskTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("kbroker-log-").FullName;
    private readonly PhysicalLogFileSystem _disk = new();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Open_NewDirectory_IsPrivateAndLocked()
    {
        string path = Path.Combine(_root, "a", "logs");
        using LogDirectory directory = Open(path);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
        Assert.Throws<LogDirectoryException>(() => Open(path));
        directory.Close(1);
        Open(path).Dispose();
    }

    [Fact]
    public void CloseAndOpen_SeveralSegments_SameBytes()
    {
        byte[] before;
        using (LogDirectory directory = Open(_root))
        {
            PartitionLog log = directory.Create(new TopicPartition("t", 0), Guid.Empty, LogConfig.Default with { SegmentBytes = 3 << 20 });
            for (int i = 0; i < 300; i++) log.AppendAsLeader(Batches.Make(10, 3000), new LeaderEpoch(0));
            before = ReadAll(log);
            directory.Close(1);
        }

        using LogDirectory again = Open(_root);
        Assert.Equal(before, ReadAll(again.Find(new TopicPartition("t", 0))!));
    }

    [Fact]
    public void Roll_PreallocatedSpace_IsGivenBack()
    {
        using LogDirectory directory = Open(_root);
        PartitionLog log = directory.Create(new TopicPartition("t", 0), Guid.Empty, LogConfig.Default with { Preallocate = true, SegmentBytes = 32 << 20 });
        for (int i = 0; i < 60; i++) log.AppendAsLeader(Batches.Make(10, 10_000), new LeaderEpoch(0));
        string file = Path.Combine(log.Directory, "00000000000000000000.log");
        long held = AllocatedBytes(file);
        log.Roll();
        long size = new FileInfo(file).Length;
        Assert.InRange(AllocatedBytes(file), 0, size + (1 << 20));
        Assert.True(held >= size, "a preallocated file holds less than its size");
    }

    [Fact]
    public void Preallocate_MoreThanTheDiskHas_SaysThatItIsFull()
    {
        const string memory = "/dev/shm";
        const long tooMuch = 1L << 44;
        // A disk that tells before it begins to allocate.
        if (!Directory.Exists(memory) || new DriveInfo(memory) is not { DriveFormat: "tmpfs", TotalSize: > 0 and < tooMuch }) return;
        string path = Path.Combine(memory, Path.GetRandomFileName());
        using ILogFile file = _disk.CreateNew(path);
        try
        {
            Assert.True(Assert.Throws<StorageException>(() => file.Preallocate(0, tooMuch)).IsNoSpace);
            Assert.False(file.Preallocate(0, -1));
            Assert.True(file.Preallocate(0, 4096));
        }
        finally
        {
            _disk.DeleteFile(path);
        }
    }

    [Fact]
    public void Slice_SegmentDeleted_KeepsDescriptorAndBytes()
    {
        using LogDirectory directory = Open(_root);
        PartitionLog log = directory.Create(new TopicPartition("t", 0), Guid.Empty, LogConfig.Default with { FileDeleteDelayMs = 0 });
        log.AppendAsLeader(Batches.Make(10), new LeaderEpoch(0));
        LogReadResult read = log.Read(0, int.MaxValue, true, long.MaxValue);
        log.Roll();
        log.DeleteBefore(10);
        directory.RunDeletions();
        Assert.Empty(Directory.GetFiles(log.Directory, "*.deleted"));
        Assert.False(read.Slice!.Handle!.IsClosed);
        Assert.Equal(read.Slice.Length, LogRig.Bytes(read.Slice)!.Length);
        Assert.True(read.Slice.Handle.IsClosed);
    }

    [Fact]
    public async Task Read_WhileAppendingRollingAndDeleting_EveryBatchIsWholeAndInOrder()
    {
        using LogDirectory directory = Open(_root);
        PartitionLog log = directory.Create(
            new TopicPartition("t", 0), Guid.Empty, LogConfig.Default with { SegmentBytes = 20_000, IndexIntervalBytes = 200, FileDeleteDelayMs = 0 });
        const int Last = 6000;
        var readers = new Task<long>[3];
        for (int i = 0; i < readers.Length; i++)
        {
            var random = new Random(i);
            readers[i] = Task.Factory.StartNew(() => Follow(log, random, Last), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        var writes = new Random(9);
        while (log.LogEndOffset < Last)
        {
            log.AppendAsLeader(Batches.Make(writes.Next(1, 5), writes.Next(200)), new LeaderEpoch(0));
            if (writes.Next(300) == 0) log.DeleteBefore(log.LogEndOffset - Math.Min(log.LogEndOffset - log.LogStartOffset, 500));
            if (writes.Next(200) == 0) directory.RunDeletions();
        }

        foreach (Task<long> reader in readers) Assert.True(await reader > 0);
    }

    [Fact]
    public void Exists_FilesDirectoriesAndNothing_AreToldApart()
    {
        string file = Path.Combine(_root, "file");
        string link = Path.Combine(_root, "link");
        File.WriteAllText(file, "");
        File.CreateSymbolicLink(link, file);
        File.CreateSymbolicLink(link + "-to-nothing", file + "-missing");
        Directory.CreateSymbolicLink(link + "-to-root", _root);
        Assert.Equal((true, false), Exists(file));
        Assert.Equal((false, true), Exists(_root));
        Assert.Equal((false, true), Exists(_root + "/"));
        Assert.Equal((true, false), Exists(link));
        Assert.Equal((false, true), Exists(link + "-to-root"));
        // A name that is taken: opening it fails, and so does making it.
        Assert.Equal((true, false), Exists(link + "-to-nothing"));
        Assert.Equal((false, false), Exists(file + "-missing"));
        Assert.Equal((false, false), Exists(Path.Combine(file, "below")));
        Assert.Equal((false, false), Exists(""));
    }

    [Fact]
    public void Exists_SystemCannotTell_IsAFailureAndNotMissing()
    {
        string loop = Path.Combine(_root, "meta.properties");
        File.CreateSymbolicLink(loop, loop);
        foreach (Action look in new Action[] { () => _disk.FileExists(loop), () => _disk.DirectoryExists(loop), () => _disk.DeleteDirectory(Path.Combine(loop, "x")) })
            Assert.Contains(loop, Assert.Throws<StorageException>(look).Message, StringComparison.Ordinal);
        Assert.Throws<StorageException>(() => Open(_root));
    }

    private (bool File, bool Directory) Exists(string path) => (_disk.FileExists(path), _disk.DirectoryExists(path));

    [Fact]
    public void Append_SteadyState_AllocatesNothingToSpeakOf()
    {
        using LogDirectory directory = Open(_root);
        PartitionLog log = directory.Create(new TopicPartition("t", 0), Guid.Empty, LogConfig.Default);
        byte[] batch = Batches.Make(10, 1600);
        for (int i = 0; i < 1000; i++) log.AppendAsLeader(batch, new LeaderEpoch(0));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) log.AppendAsLeader(batch, new LeaderEpoch(0));
        // The indexes grow by doubling: 20 bytes of entries per append.
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 1000, 0, 64);
    }

    private static long Follow(PartitionLog log, Random random, long last)
    {
        long next = 0;
        long batches = 0;
        while (next < last)
        {
            LogReadResult read = log.Read(next, random.Next(1, 5000), true, long.MaxValue);
            if (read.Status == LogReadStatus.OffsetOutOfRange)
            {
                Assert.True(next < log.LogStartOffset, "an offset within the log is out of range");
                next = log.LogStartOffset;
                continue;
            }

            if (LogRig.Bytes(read.Slice) is not { } bytes) continue;
            ReadOnlySpan<byte> rest = bytes;
            while (rest.Length > 61 && new Protocol.Records.RecordBatchHeader(rest) is { IsComplete: true } header)
            {
                Assert.True(header.IsCrcValid);
                Assert.True(batches == 0 || header.BaseOffset <= next, "a batch is skipped");
                next = header.NextOffset;
                batches++;
                rest = rest[header.SizeInBytes..];
            }
        }

        return batches;
    }

    private static byte[] ReadAll(PartitionLog log)
    {
        var all = new List<byte>();
        for (long offset = log.LogStartOffset; offset < log.LogEndOffset;)
        {
            byte[] bytes = LogRig.Bytes(log.Read(offset, int.MaxValue, true, long.MaxValue).Slice)!;
            all.AddRange(bytes);
            for (int at = 0; at < bytes.Length;)
            {
                var header = new Protocol.Records.RecordBatchHeader(bytes.AsSpan(at));
                offset = header.NextOffset;
                at += header.SizeInBytes;
            }
        }

        return [.. all];
    }

    private static long AllocatedBytes(string file)
    {
        using Process stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%b", file]) { RedirectStandardOutput = true })!;
        string blocks = stat.StandardOutput.ReadToEnd();
        stat.WaitForExit();
        return long.Parse(blocks, System.Globalization.CultureInfo.InvariantCulture) * 512;
    }

    private LogDirectory Open(string path) => LogDirectory.Open(
        new LogDirectoryOptions { Path = path, BrokerId = new BrokerId(1), ClusterId = "c" }, _disk, TimeProvider.System, new Random(1), NullLogger.Instance);
}
