using KBroker.Controller.Metadata;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Election;

/// <summary><c>/brokers/topics/T/partitions/P/state</c>, version 1. The partition epoch is the node's data version.</summary>
internal static class PartitionStateZnode
{
    public static byte[] Encode(PartitionImage partition, ControllerEpoch controllerEpoch) => ZnodeJson.Write(json =>
    {
        json.WriteNumber("version", 1);
        json.WriteNumber("leader", partition.Leader.Value);
        json.WriteNumber("leader_epoch", partition.LeaderEpoch.Value);
        json.WriteNumber("controller_epoch", controllerEpoch.Value);
        json.WriteStartArray("isr");
        foreach (BrokerId replica in partition.Isr) json.WriteNumberValue(replica.Value);
        json.WriteEndArray();
    });

    /// <summary>Adds leader, ISR and epochs to a partition.</summary>
    public static PartitionImage Decode(PartitionImage partition, int nodeVersion, string path, ReadOnlyMemory<byte> data)
        => ZnodeJson.Read(path, data, root => partition with
        {
            Leader = new BrokerId(root.GetProperty("leader").GetInt32()),
            LeaderEpoch = new LeaderEpoch(root.GetProperty("leader_epoch").GetInt32()),
            Isr = [.. root.GetProperty("isr").EnumerateArray().Select(id => new BrokerId(id.GetInt32()))],
            PartitionEpoch = new PartitionEpoch(nodeVersion),
        });
}
