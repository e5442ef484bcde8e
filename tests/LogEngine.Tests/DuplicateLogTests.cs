using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.LogEngine.Tests;

/// <summary>One partition in two log directories.</summary>
public sealed class DuplicateLogTests
{
    private static readonly TopicPartition Partition = new("t", 0);
    private static readonly Guid TopicId = Uuid.Create(new Random(1));
    private static readonly Guid OtherId = Uuid.Create(new Random(2));

    private readonly InMemoryLogFileSystem _disk = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_BothAreOfTheTopic_IsRefusedAndNamesBoth(bool known)
    {
        Make("/a", TopicId, 3);
        Make("/b", TopicId, 5);
        string message = Assert.Throws<LogDirectoryException>(() => Open(known ? TopicId : Guid.Empty)).Message;
        Assert.Contains("/a/t-0", message, StringComparison.Ordinal);
        Assert.Contains("/b/t-0", message, StringComparison.Ordinal);
        Assert.True(_disk.DirectoryExists("/a/t-0"));
        Assert.True(_disk.DirectoryExists("/b/t-0"));
    }

    [Theory]
    [InlineData("/a", "/b")]
    [InlineData("/b", "/a")]
    public void Open_OneIsOfADeletedTopic_IsSetAside(string current, string old)
    {
        Make(current, TopicId, 3);
        Make(old, OtherId, 5);
        using LogDirectories directories = Open(TopicId);
        Assert.Equal((3, TopicId), (directories.Find(Partition)!.LogEndOffset, directories.Find(Partition)!.TopicId));
        Assert.Equal(current, directories.DirectoryOf(Partition)!.Path);
        string stray = Assert.Single(_disk.List(old), entry => entry.IsDirectory).Name;
        Assert.EndsWith("-stray", stray, StringComparison.Ordinal);
        Assert.NotEmpty(_disk.ReadAll($"{old}/{stray}/00000000000000000000.log"));
    }

    [Fact]
    public void Open_NeitherIsOfTheTopic_IsRefused()
    {
        Make("/a", OtherId, 3);
        Make("/b", Uuid.Create(new Random(3)), 5);
        Assert.Throws<LogDirectoryException>(() => Open(TopicId));
    }

    private void Make(string path, Guid topicId, int records)
    {
        using LogDirectory directory = LogDirectory.Open(Options(path, Guid.Empty), _disk, new ManualTime(), new Random(1), NullLogger.Instance);
        directory.Create(Partition, topicId, LogConfig.Default).AppendAsLeader(Batches.Make(records), new LeaderEpoch(1));
        directory.Close(1);
    }

    private LogDirectories Open(Guid expected) => LogDirectories.Open(
        [Options("/a", expected), Options("/b", expected)], _disk, new ManualTime(), new Random(1), NullLogger.Instance);

    private static LogDirectoryOptions Options(string path, Guid expected) =>
        new() { Path = path, BrokerId = new BrokerId(1), ClusterId = "c1", TopicIdFor = _ => expected };
}
