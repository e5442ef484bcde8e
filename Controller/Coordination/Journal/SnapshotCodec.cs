using System.Collections.Immutable;
using KBroker.Controller.Coordination.Tree;

namespace KBroker.Controller.Coordination.Journal;

/// <summary>A whole tree in one frame: last transaction id, node count, nodes. Children follow from the paths.</summary>
internal static class SnapshotCodec
{
    public const uint Magic = 0x4B425331; // "KBS1"
    private const int SmallestNode = 4 + 4 + 8 + 8 + 4 + 4 + 8;

    public static byte[] Encode(TreeState state)
    {
        var writer = new PayloadWriter();
        writer.Int64(state.LastTransactionId);
        writer.Int32(state.Nodes.Count);
        foreach ((string path, TreeNode node) in state.Nodes.OrderBy(node => node.Key, StringComparer.Ordinal))
        {
            writer.Text(path);
            writer.Bytes(node.Data.Span);
            writer.Int64(node.CreationId);
            writer.Int64(node.ModificationId);
            writer.Int32(node.Version);
            writer.Int32(node.ChildrenVersion);
            writer.Int64(node.EphemeralOwner);
        }

        return Frame.Wrap(Magic, writer.Written);
    }

    public static TreeState Decode(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        long lastId = reader.Int64();
        int count = reader.Count(SmallestNode);
        var nodes = TreeState.Empty.Nodes.ToBuilder();
        var children = new Dictionary<string, ImmutableSortedSet<string>.Builder>(StringComparer.Ordinal);
        nodes.Clear();
        for (int i = 0; i < count; i++)
        {
            string path = reader.Text();
            if (!CoordinationPath.IsValid(path)) throw new FormatException("malformed path");
            nodes[path] = new TreeNode(
                reader.Bytes(), reader.Int64(), reader.Int64(), reader.Int32(), reader.Int32(), reader.Int64(),
                TreeNode.NoChildren);
            if (path == CoordinationPath.Root) continue;
            string parent = CoordinationPath.Parent(path);
            if (!children.TryGetValue(parent, out ImmutableSortedSet<string>.Builder? names))
            {
                children[parent] = names = TreeNode.NoChildren.ToBuilder();
            }

            names.Add(CoordinationPath.Name(path));
        }

        if (!reader.AtEnd || nodes.Count != count || !nodes.ContainsKey(CoordinationPath.Root))
        {
            throw new FormatException("not a tree");
        }

        foreach ((string parent, ImmutableSortedSet<string>.Builder names) in children)
        {
            if (!nodes.TryGetValue(parent, out TreeNode? node)) throw new FormatException("a node without its parent");
            nodes[parent] = node with { Children = names.ToImmutable() };
        }

        return new TreeState(lastId, nodes.ToImmutable());
    }
}
