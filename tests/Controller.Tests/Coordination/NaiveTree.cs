using KBroker.Controller.Coordination;

namespace KBroker.Controller.Tests.Coordination;

/// <summary>The plainest model of the tree: a dictionary, and a copy of it to roll back to.</summary>
internal sealed class NaiveTree
{
    private Dictionary<string, (string Data, int Version, long Owner)> _nodes = new() { ["/"] = ("", 0, 0) };

    public NaiveTree Clone() => new() { _nodes = new(_nodes) };

    public CoordinationStatus Multi(IReadOnlyList<CoordinationOperation> operations, long session)
    {
        var before = new Dictionary<string, (string, int, long)>(_nodes);
        foreach (CoordinationOperation operation in operations)
        {
            CoordinationStatus status = Step(operation, session);
            if (status == CoordinationStatus.Ok) continue;
            _nodes = before;
            return status;
        }

        return CoordinationStatus.Ok;
    }

    public void DropEphemerals(long session = 0)
    {
        foreach (string path in _nodes.Where(n => n.Value.Owner != 0 && (session == 0 || n.Value.Owner == session)).Select(n => n.Key).ToList())
        {
            _nodes.Remove(path);
        }
    }

    public string Dump() => string.Join("\n", _nodes
        .OrderBy(n => n.Key, StringComparer.Ordinal)
        .Select(n => $"{n.Key}={n.Value.Data} v{n.Value.Version} owner{n.Value.Owner}"));

    private CoordinationStatus Step(CoordinationOperation operation, long session)
    {
        string path = operation.Path;
        bool exists = _nodes.TryGetValue(path, out (string Data, int Version, long Owner) node);
        switch (operation)
        {
            case CoordinationOperation.Create create:
                if (path == "/") return CoordinationStatus.NodeExists;
                if (!_nodes.TryGetValue(CoordinationPath.Parent(path), out var parent)) return CoordinationStatus.NoNode;
                if (parent.Owner != 0) return CoordinationStatus.NoChildrenForEphemerals;
                if (exists) return CoordinationStatus.NodeExists;
                _nodes[path] = (Text(create.Data), 0, create.Mode == CreateMode.Ephemeral ? session : 0);
                return CoordinationStatus.Ok;
            case CoordinationOperation.SetData set:
                if (!exists) return CoordinationStatus.NoNode;
                if (set.ExpectedVersion >= 0 && set.ExpectedVersion != node.Version) return CoordinationStatus.BadVersion;
                _nodes[path] = (Text(set.Data), node.Version + 1, node.Owner);
                return CoordinationStatus.Ok;
            case CoordinationOperation.Delete delete:
                if (path == "/") return CoordinationStatus.NotEmpty;
                if (!exists) return CoordinationStatus.NoNode;
                if (delete.ExpectedVersion >= 0 && delete.ExpectedVersion != node.Version) return CoordinationStatus.BadVersion;
                if (_nodes.Keys.Any(other => other.StartsWith(path + "/", StringComparison.Ordinal))) return CoordinationStatus.NotEmpty;
                _nodes.Remove(path);
                return CoordinationStatus.Ok;
            default:
                var check = (CoordinationOperation.Check)operation;
                if (!exists) return CoordinationStatus.NoNode;
                return check.ExpectedVersion < 0 || check.ExpectedVersion == node.Version
                    ? CoordinationStatus.Ok : CoordinationStatus.BadVersion;
        }
    }

    private static string Text(ReadOnlyMemory<byte> data) => System.Text.Encoding.UTF8.GetString(data.Span);
}
