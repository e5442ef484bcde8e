using System.Runtime.InteropServices;

namespace KBroker.Controller.Coordination.Tree;

/// <summary>Who wants to hear of which changes. Guarded by the lock of <see cref="TreeView"/>.</summary>
internal sealed class WatchTable
{
    private readonly Dictionary<string, List<Watch>> _byPath = new(StringComparer.Ordinal);

    public Watch Add(string path, long session, WatchScope scope, NodeWatcher watcher)
    {
        var watch = new Watch(path, session, scope, watcher);
        ref List<Watch>? list = ref CollectionsMarshal.GetValueRefOrAddDefault(_byPath, path, out _);
        (list ??= []).Add(watch);
        return watch;
    }

    public void Remove(Watch watch)
    {
        if (!_byPath.TryGetValue(watch.Path, out List<Watch>? list)) return;
        list.Remove(watch);
        if (list.Count == 0) _byPath.Remove(watch.Path);
    }

    public void RemoveSession(long session)
    {
        foreach ((string path, List<Watch> list) in _byPath.ToList())
        {
            list.RemoveAll(watch => watch.Session == session);
            if (list.Count == 0) _byPath.Remove(path);
        }
    }

    /// <summary>Adds the watchers of one change to the queue; one-shot watches are used up by it.</summary>
    public void Collect(WatchEvent change, Queue<(NodeWatcher Watcher, WatchEvent Change)> fired)
    {
        if (_byPath.Count == 0) return;
        CollectAt(change.Path, change, below: false, fired);
        if (change.Type == WatchEventType.NodeChildrenChanged) return;
        for (string path = change.Path; path != CoordinationPath.Root;)
        {
            path = CoordinationPath.Parent(path);
            CollectAt(path, change, below: true, fired);
        }
    }

    private void CollectAt(
        string path, WatchEvent change, bool below, Queue<(NodeWatcher Watcher, WatchEvent Change)> fired)
    {
        if (!_byPath.TryGetValue(path, out List<Watch>? list)) return;
        foreach (Watch watch in list.ToArray())
        {
            if (!watch.Wants(change.Type, below)) continue;
            fired.Enqueue((watch.Watcher, change));
            if (watch.Scope is WatchScope.DataOnce or WatchScope.ChildrenOnce) Remove(watch);
        }
    }
}
