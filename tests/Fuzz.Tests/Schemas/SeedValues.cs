using KBroker.Fuzz.Tests.Mutation;

namespace KBroker.Fuzz.Tests.Schemas;

/// <summary>Values that lead a request deep into the broker: topics and ids that exist, small numbers, names of settings.</summary>
internal sealed class SeedValues(IReadOnlyList<string> topics, IReadOnlyList<Guid> topicIds, IReadOnlyList<byte[]> batches)
{
    private static readonly string[] Settings =
        ["retention.ms", "cleanup.policy", "segment.bytes", "compression.type", "max.message.bytes", "min.insync.replicas", "flush.messages"];

    private static readonly string[] SettingValues = ["1", "100000", "-1", "compact", "delete", "gzip", "zstd", "uncompressed", "LogAppendTime", "abc"];

    public string Text(FieldSchema field, Random random)
    {
        if (random.Next(40) == 0) return HostileValues.Text(random);
        if (field.EntityType == "topicName" || field.Name is "TopicName" or "Topic" or "ResourceName") return topics[random.Next(topics.Count)];
        if (field.Name == "Name") return random.Next(3) == 0 ? Settings[random.Next(Settings.Length)] : topics[random.Next(topics.Count)];
        if (field.Name.Contains("Config", StringComparison.Ordinal)) return Settings[random.Next(Settings.Length)];
        if (field.Name == "Value") return SettingValues[random.Next(SettingValues.Length)];
        return field.Name == "TransactionalId" ? "t" : "kbroker-1.0";
    }

    public static byte[] Bytes(Random random)
    {
        var bytes = new byte[random.Next(40)];
        random.NextBytes(bytes);
        return bytes;
    }

    public byte[] Records(Random random) => batches[random.Next(batches.Count)];

    public Guid Uuid(Random random) => topicIds.Count == 0 || random.Next(5) == 0 ? Guid.Empty : topicIds[random.Next(topicIds.Count)];

    public static long Number(FieldSchema field, Random random) => field.Name switch
    {
        "MaxWaitMs" => random.Next(3),
        "TimeoutMs" => random.Next(50),
        "ReplicaId" => -1,
        "Acks" => random.Next(-1, 2),
        "MaxBytes" or "PartitionMaxBytes" => 1 << random.Next(24),
        "ResourceType" => random.Next(3) == 0 ? 4 : 2,
        "NumPartitions" or "Count" => random.Next(1, 5),
        "ReplicationFactor" => random.Next(2) == 0 ? -1 : 1,
        "SessionEpoch" or "CurrentLeaderEpoch" or "LastFetchedEpoch" => random.Next(-1, 2),
        "Timestamp" => random.Next(-6, 2),
        _ => random.Next(12) == 0 ? random.Next(-2, 100) : random.Next(2),
    };
}
