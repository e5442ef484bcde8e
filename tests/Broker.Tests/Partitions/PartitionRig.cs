using KBroker.Broker.Configuration;
using KBroker.Broker.Partitions;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Partitions;

/// <summary>One partition on a real disk, with this broker as number 0.</summary>
internal sealed class PartitionRig : IDisposable
{
    public static readonly BrokerId Self = new(0);
    public static readonly BrokerId Other = new(1);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kbroker-partition-");
    private readonly LogDirectories _logs;

    public PartitionRig(params (string Name, string Value)[] topicConfig)
    {
        PartitionSettings settings = TopicSettings.From(
            BrokerConfig.FromSettings().TopicDefaults.Resolve(topicConfig.ToDictionary(one => one.Name, one => one.Value)));
        _logs = LogDirectories.Open(
            [new LogDirectoryOptions { Path = _directory.FullName, BrokerId = Self, ClusterId = "IfYzruiMS525FeTJ_tON0g" }],
            new PhysicalLogFileSystem(),
            TimeProvider.System,
            new Random(1),
            NullLogger.Instance);
        var id = Guid.NewGuid();
        Partition = new Partition(Self, id, _logs.GetOrCreate(new TopicPartition("t", 0), id, settings.Log), 0, settings);
    }

    public Partition Partition { get; }

    public static byte[] Batch(int records = 1)
    {
        var builder = new RecordBatchBuilder(new RecordBatchOptions());
        for (int i = 0; i < records; i++) builder.Append(1_700_000_000_000, [1], new byte[100], null);
        return builder.ToArray();
    }

    public static PartitionLeadership Leader(int epoch, params BrokerId[] isr) =>
        new(PartitionRole.Leader, Self, new LeaderEpoch(epoch), new PartitionEpoch(epoch), [Self, Other], [.. isr]);

    public static PartitionLeadership Follower(int epoch) =>
        new(PartitionRole.Follower, Other, new LeaderEpoch(epoch), new PartitionEpoch(epoch), [Self, Other], [Self, Other]);

    public PartitionReadResult Read(long offset, int knownEpoch = -1, int maxBytes = 1 << 20) => Partition.Read(new PartitionReadRequest(
        offset, maxBytes, MinOneBatch: true, ReadIsolation.ReadUncommitted, new LeaderEpoch(knownEpoch), LeaderEpoch.Unknown));

    public void Dispose()
    {
        _logs.Dispose();
        _directory.Delete(recursive: true);
    }
}
