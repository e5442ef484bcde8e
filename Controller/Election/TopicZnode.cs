using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using KBroker.Controller.Metadata;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Election;

/// <summary>
/// <c>/brokers/topics/T</c>: written as version 3; versions 1 and 2, which have no topic id, are read with an empty one.
/// </summary>
internal static class TopicZnode
{
    public static byte[] Encode(TopicImage topic) => ZnodeJson.Write(json =>
    {
        json.WriteNumber("version", 3);
        Replicas(json, "partitions", topic.Partitions, partition => partition.Replicas);
        Replicas(json, "adding_replicas", topic.Partitions.Where(p => !p.AddingReplicas.IsEmpty), p => p.AddingReplicas);
        Replicas(json, "removing_replicas", topic.Partitions.Where(p => !p.RemovingReplicas.IsEmpty), p => p.RemovingReplicas);
        json.WriteString("topic_id", Uuid.Format(topic.Id));
    });

    /// <summary>Reads a topic's assignments. Its partitions have no leader, no epochs and no ISR: those are in their states.</summary>
    public static TopicImage Decode(string name, string path, ReadOnlyMemory<byte> data) => ZnodeJson.Read(path, data, root =>
    {
        Guid id = Guid.Empty;
        if (root.TryGetProperty("topic_id", out JsonElement text) && !Uuid.TryParse(text.GetString(), out id))
        {
            throw new FormatException("the topic id is not a UUID");
        }

        Dictionary<int, ImmutableArray<BrokerId>> replicas = Replicas(root, "partitions");
        Dictionary<int, ImmutableArray<BrokerId>> adding = Replicas(root, "adding_replicas");
        Dictionary<int, ImmutableArray<BrokerId>> removing = Replicas(root, "removing_replicas");
        var partitions = ImmutableArray.CreateBuilder<PartitionImage>(replicas.Count);
        for (int i = 0; i < replicas.Count; i++)
        {
            partitions.Add(new PartitionImage(
                i, replicas[i], [], adding.GetValueOrDefault(i, []), removing.GetValueOrDefault(i, []),
                BrokerId.None, new LeaderEpoch(-1), new PartitionEpoch(-1)));
        }

        return new TopicImage(name, id, partitions.MoveToImmutable());
    });

    private static void Replicas(
        Utf8JsonWriter json, string name, IEnumerable<PartitionImage> partitions,
        Func<PartitionImage, ImmutableArray<BrokerId>> select)
    {
        json.WriteStartObject(name);
        foreach (PartitionImage partition in partitions)
        {
            json.WriteStartArray(partition.Id.ToString(CultureInfo.InvariantCulture));
            foreach (BrokerId replica in select(partition)) json.WriteNumberValue(replica.Value);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static Dictionary<int, ImmutableArray<BrokerId>> Replicas(JsonElement root, string name)
    {
        var replicas = new Dictionary<int, ImmutableArray<BrokerId>>();
        if (!root.TryGetProperty(name, out JsonElement map)) return replicas;
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            replicas[int.Parse(entry.Name, CultureInfo.InvariantCulture)] =
                [.. entry.Value.EnumerateArray().Select(id => new BrokerId(id.GetInt32()))];
        }

        return replicas;
    }
}
