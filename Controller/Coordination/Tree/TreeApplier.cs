using System.Collections.Immutable;
using System.Globalization;

namespace KBroker.Controller.Coordination.Tree;

/// <summary>The pure function of the tree: state and transaction to state, result and changes. Lives for one transaction.</summary>
internal sealed class TreeApplier
{
    private readonly ImmutableDictionary<string, TreeNode>.Builder _nodes;
    private readonly List<WatchEvent> _changes = [];
    private readonly long _id;
    private readonly long _session;

    private TreeApplier(TreeState state, long session)
    {
        _nodes = state.Nodes.ToBuilder();
        _id = state.LastTransactionId + 1;
        _session = session;
    }

    /// <summary>Applies a transaction; a failed one leaves the state as it was and uses no transaction id.</summary>
    public static TreeStep Apply(TreeState state, TreeTransaction transaction)
    {
        var applier = new TreeApplier(state, transaction.SessionId);
        MultiResult result = transaction.Kind == TreeTransactionKind.Multi
            ? applier.Multi(transaction.Operations)
            : applier.DropEphemerals(state, transaction);
        return result.IsOk
            ? new TreeStep(new TreeState(applier._id, applier._nodes.ToImmutable()), result, applier._changes)
            : new TreeStep(state, result, []);
    }

    private MultiResult Multi(IReadOnlyList<CoordinationOperation> operations)
    {
        var results = new OperationResult[operations.Count];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = Step(operations[i]);
            if (results[i].Status == CoordinationStatus.Ok) continue;
            for (int other = 0; other < results.Length; other++)
            {
                if (other != i)
                {
                    results[other] = new OperationResult(CoordinationStatus.RolledBack, operations[other].Path, default);
                }
            }

            return new MultiResult(results[i].Status, i, results);
        }

        return new MultiResult(CoordinationStatus.Ok, -1, results);
    }

    private MultiResult DropEphemerals(TreeState state, TreeTransaction transaction)
    {
        bool all = transaction.Kind == TreeTransactionKind.CloseAllSessions;
        var doomed = state.Nodes
            .Where(node => node.Value.EphemeralOwner != 0 && (all || node.Value.EphemeralOwner == transaction.SessionId))
            .Select(node => node.Key).Order(StringComparer.Ordinal).ToList();
        foreach (string path in doomed) Remove(path);
        return new MultiResult(CoordinationStatus.Ok, -1, []);
    }

    private OperationResult Step(CoordinationOperation operation)
    {
        switch (operation)
        {
            case CoordinationOperation.Create create: return Create(create);
            case CoordinationOperation.SetData set: return SetData(set);
            case CoordinationOperation.Delete delete: return Delete(delete);
            case CoordinationOperation.Check check:
                CoordinationStatus status = Find(check.Path, check.ExpectedVersion, out TreeNode? node);
                return new OperationResult(status, check.Path, status == CoordinationStatus.Ok ? node!.Stat : default);
            default: throw new InvalidOperationException($"Unknown operation {operation.GetType().Name}.");
        }
    }

    private OperationResult Create(CoordinationOperation.Create create)
    {
        string parentPath = CoordinationPath.Parent(create.Path);
        if (create.Path == CoordinationPath.Root) return new OperationResult(CoordinationStatus.NodeExists, create.Path, default);
        if (!_nodes.TryGetValue(parentPath, out TreeNode? parent))
        {
            return new OperationResult(CoordinationStatus.NoNode, create.Path, default);
        }

        if (parent.EphemeralOwner != 0)
        {
            return new OperationResult(CoordinationStatus.NoChildrenForEphemerals, create.Path, default);
        }

        string path = create.Mode.HasFlag(CreateMode.Sequential)
            ? create.Path + parent.ChildrenVersion.ToString("D10", CultureInfo.InvariantCulture)
            : create.Path;
        if (_nodes.ContainsKey(path)) return new OperationResult(CoordinationStatus.NodeExists, path, default);

        long owner = create.Mode.HasFlag(CreateMode.Ephemeral) ? _session : 0;
        var node = new TreeNode(create.Data, _id, _id, 0, 0, owner, TreeNode.NoChildren);
        _nodes[path] = node;
        _nodes[parentPath] = parent with
        {
            Children = parent.Children.Add(CoordinationPath.Name(path)),
            ChildrenVersion = parent.ChildrenVersion + 1,
        };
        _changes.Add(new WatchEvent(WatchEventType.NodeCreated, path));
        _changes.Add(new WatchEvent(WatchEventType.NodeChildrenChanged, parentPath));
        return new OperationResult(CoordinationStatus.Ok, path, node.Stat);
    }

    private OperationResult SetData(CoordinationOperation.SetData set)
    {
        CoordinationStatus status = Find(set.Path, set.ExpectedVersion, out TreeNode? node);
        if (status != CoordinationStatus.Ok) return new OperationResult(status, set.Path, default);
        TreeNode changed = node! with { Data = set.Data, Version = node.Version + 1, ModificationId = _id };
        _nodes[set.Path] = changed;
        _changes.Add(new WatchEvent(WatchEventType.NodeDataChanged, set.Path));
        return new OperationResult(CoordinationStatus.Ok, set.Path, changed.Stat);
    }

    private OperationResult Delete(CoordinationOperation.Delete delete)
    {
        CoordinationStatus status = delete.Path == CoordinationPath.Root
            ? CoordinationStatus.NotEmpty
            : Find(delete.Path, delete.ExpectedVersion, out TreeNode? node) switch
            {
                CoordinationStatus.Ok when !node!.Children.IsEmpty => CoordinationStatus.NotEmpty,
                CoordinationStatus other => other,
            };
        if (status == CoordinationStatus.Ok) Remove(delete.Path);
        return new OperationResult(status, delete.Path, default);
    }

    private CoordinationStatus Find(string path, int expectedVersion, out TreeNode? node)
    {
        if (!_nodes.TryGetValue(path, out node)) return CoordinationStatus.NoNode;
        return expectedVersion == CoordinationOperation.AnyVersion || expectedVersion == node.Version
            ? CoordinationStatus.Ok
            : CoordinationStatus.BadVersion;
    }

    private void Remove(string path)
    {
        string parentPath = CoordinationPath.Parent(path);
        TreeNode parent = _nodes[parentPath];
        _nodes.Remove(path);
        _nodes[parentPath] = parent with
        {
            Children = parent.Children.Remove(CoordinationPath.Name(path)),
            ChildrenVersion = parent.ChildrenVersion + 1,
        };
        _changes.Add(new WatchEvent(WatchEventType.NodeDeleted, path));
        _changes.Add(new WatchEvent(WatchEventType.NodeChildrenChanged, parentPath));
    }
}
