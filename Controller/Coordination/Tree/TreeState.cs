using System.Collections.Immutable;

namespace KBroker.Controller.Coordination.Tree;

/// <summary>
/// The whole tree at one moment, immutable. Every parent exists, an ephemeral node has no children, and
/// <see cref="LastTransactionId"/> is at least every id in the nodes.
/// </summary>
internal sealed record TreeState(long LastTransactionId, ImmutableDictionary<string, TreeNode> Nodes)
{
    public static readonly TreeState Empty = new(0, ImmutableDictionary<string, TreeNode>.Empty
        .WithComparers(StringComparer.Ordinal)
        .Add(CoordinationPath.Root, new TreeNode(default, 0, 0, 0, 0, 0, TreeNode.NoChildren)));
}
