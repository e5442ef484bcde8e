using System.Text;
using KBroker.TestKit.Golden;

namespace KBroker.LogEngine.Tests.Interop;

/// <summary>The reader that stands for Kafka: it takes what Kafka writes, and tells of everything that is wrong.</summary>
public sealed class KafkaRefusesTests
{
    private const string First = "orders-1/00000000000000000000";
    private const string Second = "orders-1/00000000000000000300";

    public static TheoryData<string> Releases => [.. KafkaRelease.All.Select(release => release.Name)];

    [Theory]
    [MemberData(nameof(Releases))]
    public void Open_WhatKafkaWrote_IsTaken(string release)
    {
        KafkaLogDirectory kafka = Open(Files(release));
        GoldenDirectory golden = GoldenSamples.Everything(KafkaRelease.All.Single(one => one.Name == release));
        Assert.Equal(
            golden.Partitions.Select(partition => (partition.DirectoryName, partition.EndOffset)).Order(),
            kafka.Partitions.Select(pair => (pair.Key, pair.Value.EndOffset)).Order());
    }

    [Theory]
    [InlineData("meta.properties", "version=0\nbroker.id=0\n", "has the keys")]
    [InlineData("meta.properties", "version=2\nbroker.id=0\ncluster.id=a\n", "version 2 is unknown")]
    [InlineData("meta.properties", "version=0\nbroker.id=0\ncluster.id=a\nkbroker=1\n", "has the keys")]
    [InlineData(".kafka_cleanshutdown", "{\"version\":0}", "kafka_cleanshutdown")]
    [InlineData(".kafka_cleanshutdown", "yes", "kafka_cleanshutdown")]
    [InlineData("recovery-point-offset-checkpoint", "0\n1\norders 1 500", "newline")]
    [InlineData("recovery-point-offset-checkpoint", "0\n2\norders 1 500\n", "the count")]
    [InlineData("recovery-point-offset-checkpoint", "1\n1\norders 1 500\n", "version '1'")]
    [InlineData("recovery-point-offset-checkpoint", "0\n1\norders  1 500\n", "one space")]
    [InlineData("recovery-point-offset-checkpoint", "0\n1\norders 1 499\n", "is missing")]
    [InlineData("log-start-offset-checkpoint", "0\n1\nnone 1 4\n", "has no directory")]
    [InlineData("log-start-offset-checkpoint", "0\n1\norders 1 501\n", "its log allows 0 to 500")]
    [InlineData("kbroker", "", "no file that Kafka leaves")]
    [InlineData("orders-1/00000000000000000000.log.deleted", "", "no file that Kafka leaves")]
    [InlineData("orders-1/leader-epoch-checkpoint.tmp", "", "no file that Kafka leaves")]
    [InlineData("orders-1/00000000000000000007.index", "", "without its .log")]
    [InlineData("orders-1/partition.metadata", "version: 0\ntopic_id: JzQoXkYdTaW4mR0v_PL2-g\n", "is not 'version: 0'")]
    [InlineData("orders-1/partition.metadata", "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA", "zero")]
    [InlineData("orders-1/leader-epoch-checkpoint", "0\n3\n4 0\n6 300\n9 401\n", "its batch is of 9")]
    [InlineData("orders-1/leader-epoch-checkpoint", "0\n3\n4 0\n9 300\n6 400\n", "does not follow")]
    [InlineData("orders-1/leader-epoch-checkpoint", "0\n4\n4 0\n6 300\n9 400\n10 501\n", "behind the log end")]
    public void Open_OtherText_IsRefused(string file, string text, string reason)
    {
        KafkaFiles files = Files("3.9", (file, Encoding.ASCII.GetBytes(text)));
        Assert.Contains(reason, Assert.Throws<KafkaRefusesException>(() => Open(files)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(First + ".log", 30, "another CRC")]
    [InlineData(First + ".log", -1, "another CRC")]
    [InlineData(Second + ".log", 7, "begins with offset")]
    [InlineData(First + ".index", 3, "no batch")]
    [InlineData(First + ".index", 7, "no batch begins")]
    [InlineData(Second + ".index", 0, "does not follow")]
    [InlineData(First + ".timeindex", 7, "the largest timestamp up to")]
    [InlineData(Second + ".timeindex", -1, "offset")]
    [InlineData("orders-1/00000000000000000500.snapshot", 1, "version")]
    [InlineData("orders-1/00000000000000000500.snapshot", 4, "CRC")]
    public void Open_OneBitOfAFile_IsRefused(string file, int at, string reason)
    {
        KafkaFiles files = Files("3.9");
        byte[] bytes = [.. files.Find(file)!];
        Assert.NotEmpty(bytes);
        bytes[at < 0 ? bytes.Length + at : at] ^= 0x80;
        Assert.Contains(reason, Assert.Throws<KafkaRefusesException>(() => Open(Files("3.9", (file, bytes)))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(First + ".log")]
    [InlineData(First + ".index")]
    [InlineData(First + ".timeindex")]
    [InlineData("orders-1/00000000000000000500.snapshot")]
    public void Open_LastByteIsGone_IsRefused(string file)
    {
        byte[] bytes = Files("3.9").Find(file)!;
        Assert.Throws<KafkaRefusesException>(() => Open(Files("3.9", (file, bytes[..^1]))));
    }

    [Theory]
    [InlineData("kbroker-data")]
    [InlineData("orders")]
    [InlineData("orders-01")]
    [InlineData("orders-1.abc-delete")]
    public void Open_DirectoryThatIsNoPartition_IsRefused(string name)
    {
        KafkaFiles files = Files("3.9");
        Assert.Contains("would not start", Assert.Throws<KafkaRefusesException>(
            () => Open(files with { Directories = [.. files.Directories, name] })).Message, StringComparison.Ordinal);
    }

    private static KafkaLogDirectory Open(KafkaFiles files) =>
        KafkaLogDirectory.Open(files, directory => directory == "compacted-0", wantsSnapshots: false);

    private static KafkaFiles Files(string release, params (string Name, byte[] Bytes)[] others)
    {
        Dictionary<string, byte[]> files = GoldenSamples.Everything(KafkaRelease.All.Single(one => one.Name == release))
            .Files(clean: true).ToDictionary(file => file.Path, file => file.Bytes);
        string[] directories = [.. files.Keys.Select(Path.GetDirectoryName).Where(name => name != "").Distinct()!];
        foreach ((string name, byte[] bytes) in others) files[name] = bytes;
        return new KafkaFiles(files, directories);
    }
}
