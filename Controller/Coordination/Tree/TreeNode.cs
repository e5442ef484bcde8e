using System.Collections.Immutable;

namespace KBroker.Controller.Coordination.Tree;

/// <summary>One node of a <see cref="TreeState"/>, immutable.</summary>
internal sealed record TreeNode(
    ReadOnlyMemory<byte> Data,
    long CreationId,
    long ModificationId,
    int Version,
    int ChildrenVersion,
    long EphemeralOwner,
    ImmutableSortedSet<string> Children)
{
    public static readonly ImmutableSortedSet<string> NoChildren =
        ImmutableSortedSet<string>.Empty.WithComparer(StringComparer.Ordinal);

    public NodeStat Stat => new(CreationId, ModificationId, Version, ChildrenVersion, EphemeralOwner, Children.Count);
}
