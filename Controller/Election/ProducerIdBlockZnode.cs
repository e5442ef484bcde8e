using System.Globalization;
using System.Text.Json;
using KBroker.Controller.ProducerIds;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Election;

/// <summary><c>/latest_producer_id_block</c>, version 1: the bounds are text, so that no reader rounds them.</summary>
internal static class ProducerIdBlockZnode
{
    public static byte[] Encode(BrokerId broker, ProducerIdBlock block) => ZnodeJson.Write(json =>
    {
        json.WriteNumber("version", 1);
        json.WriteNumber("broker", broker.Value);
        json.WriteString("block_start", block.First.ToString(CultureInfo.InvariantCulture));
        json.WriteString("block_end", block.Last.ToString(CultureInfo.InvariantCulture));
    });

    /// <summary>The block that was taken last; null if the node is empty, as Kafka makes it before the first block.</summary>
    public static ProducerIdBlock? Decode(ReadOnlyMemory<byte> data) => data.IsEmpty
        ? null
        : ZnodeJson.Read(Znodes.ProducerIdBlock, data, root =>
        {
            var block = new ProducerIdBlock(Bound(root, "block_start"), Bound(root, "block_end"));
            return block.First >= 0 && block.Last >= block.First ? block : throw new FormatException($"{block} is no block");
        });

    private static long Bound(JsonElement root, string name) =>
        long.Parse(root.GetProperty(name).GetString() ?? throw new FormatException($"no {name}"), NumberStyles.None, CultureInfo.InvariantCulture);
}
