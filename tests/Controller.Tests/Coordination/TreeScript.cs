using System.Text;
using KBroker.Controller.Coordination;

namespace KBroker.Controller.Tests.Coordination;

/// <summary>Random operations on few paths, so that they meet, and the text of a store's content.</summary>
internal static class TreeScript
{
    private static readonly string[] Paths = ["/a", "/b", "/a/x", "/a/y", "/a/x/1", "/b/z", "/"];

    public static List<CoordinationOperation> RandomMulti(Random random)
    {
        var operations = new List<CoordinationOperation>();
        for (int n = 1 + random.Next(4) / 2; n > 0; n--)
        {
            string path = Paths[random.Next(Paths.Length)];
            byte[] data = Encoding.UTF8.GetBytes("d" + random.Next(100));
            int version = Math.Max(-1, random.Next(-3, 2));
            operations.Add(random.Next(6) switch
            {
                0 or 1 => new CoordinationOperation.Create(path, data),
                2 => new CoordinationOperation.Create(path, data, CreateMode.Ephemeral),
                3 => new CoordinationOperation.SetData(path, data, version),
                4 => new CoordinationOperation.Delete(path, version),
                _ => new CoordinationOperation.Check(path, Math.Max(0, version)),
            });
        }

        return operations;
    }

    public static async Task<string> DumpAsync(ICoordinationSession session)
    {
        var lines = new List<string>();
        await DumpAsync(session, "/", lines);
        return string.Join("\n", lines.OrderBy(line => line[..line.IndexOf('=')], StringComparer.Ordinal));
    }

    private static async Task DumpAsync(ICoordinationSession session, string path, List<string> lines)
    {
        NodeData node = (await session.GetAsync(path)).Value;
        lines.Add($"{path}={Encoding.UTF8.GetString(node.Data.Span)} v{node.Stat.Version} owner{node.Stat.EphemeralOwner}");
        NodeChildren children = (await session.GetChildrenAsync(path)).Value;
        Assert.Equal(node.Stat.ChildCount, children.Names.Count);
        foreach (string name in children.Names) await DumpAsync(session, path == "/" ? "/" + name : path + "/" + name, lines);
    }
}
