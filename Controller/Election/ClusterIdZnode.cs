namespace KBroker.Controller.Election;

/// <summary><c>/cluster/id</c>: its version is text.</summary>
internal static class ClusterIdZnode
{
    public static byte[] Encode(string clusterId) => ZnodeJson.Write(json =>
    {
        json.WriteString("version", "1");
        json.WriteString("id", clusterId);
    });

    public static string Decode(ReadOnlyMemory<byte> data)
        => ZnodeJson.Read(Znodes.ClusterId, data, root => root.GetProperty("id").GetString() ?? throw new FormatException("no id"));
}
