namespace KBroker.LogEngine.Tests.Support;

/// <summary>The tree of names of <see cref="InMemoryLogFileSystem"/>, and which changes to it are not durable yet.</summary>
internal sealed class MemoryNames
{
    private readonly MemoryNode _root = MemoryNode.Directory();
    private readonly List<Change> _unflushed = [];

    public long Occupied => Sum(_root);

    public MemoryNode? Find(string path)
    {
        MemoryNode? node = _root;
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (node is null || !node.Entries.TryGetValue(part, out node)) return null;
        }

        return node;
    }

    public MemoryNode? FindFile(string path) => Find(path) is { IsDirectory: false } file ? file : null;

    public MemoryNode? FindDirectory(string path) => Find(path) is { IsDirectory: true } directory ? directory : null;

    public void Link(MemoryNode directory, string name, MemoryNode node)
    {
        directory.Entries[name] = node;
        _unflushed.Add(new Change(node, directory, name, null, name));
    }

    public void Unlink(MemoryNode directory, string name)
    {
        if (directory.Entries.Remove(name, out MemoryNode? node)) _unflushed.Add(new Change(node, null, name, directory, name));
    }

    /// <summary>One change: a power loss leaves the old name or the new one.</summary>
    public void Move(MemoryNode from, string name, MemoryNode to, string newName)
    {
        if (!from.Entries.Remove(name, out MemoryNode? node)) return;
        to.Entries[newName] = node;
        _unflushed.Add(new Change(node, to, newName, from, name));
    }

    /// <summary>The names in the directory as they are become durable.</summary>
    public void Flush(MemoryNode directory)
    {
        foreach (Change change in _unflushed.Where(change => change.Concerns(directory))) change.Apply();
        _unflushed.RemoveAll(change => change.Concerns(directory));
    }

    /// <summary>
    /// Takes back changes that were not flushed: all; or, with a random, all after one of them as a journal does, or, if they are
    /// not <paramref name="ordered"/>, any of them.
    /// </summary>
    public void LosePower(Random? random, int sector, bool ordered)
    {
        if (random is not null)
        {
            int journalled = random.Next(4) switch { 0 => 0, 1 => _unflushed.Count, 2 when !ordered => -1, _ => random.Next(_unflushed.Count + 1) };
            for (int i = 0; i < _unflushed.Count; i++)
            {
                if (journalled < 0 ? random.Next(2) == 0 : i < journalled) _unflushed[i].Apply();
            }
        }

        _unflushed.Clear();
        LosePower(_root, random, sector);
    }

    /// <summary>A path of directories, durable at once.</summary>
    public MemoryNode MakeDurable(string path)
    {
        MemoryNode node = _root;
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!node.Entries.TryGetValue(part, out MemoryNode? next)) node.Entries[part] = next = MemoryNode.Directory();
            node.DurableEntries[part] = next;
            node = next;
        }

        return node;
    }

    private static void LosePower(MemoryNode node, Random? random, int sector)
    {
        node.LosePower(random, sector);
        foreach (MemoryNode child in node.Entries.Values) LosePower(child, random, sector);
    }

    private static long Sum(MemoryNode node) => node.Occupied + node.Entries.Values.Sum(Sum);

    /// <summary>A node got a name, lost one, or both in one.</summary>
    private sealed record Change(MemoryNode Node, MemoryNode? To, string Name, MemoryNode? From, string OldName)
    {
        public bool Concerns(MemoryNode directory) => ReferenceEquals(To, directory) || ReferenceEquals(From, directory);

        public void Apply()
        {
            if (From is not null && From.DurableEntries.TryGetValue(OldName, out MemoryNode? old) && ReferenceEquals(old, Node))
                From.DurableEntries.Remove(OldName);
            if (To is null) return;
            // A node has one name: one that it got meanwhile and that did not last is not left beside this one.
            foreach (string name in To.DurableEntries.Where(pair => ReferenceEquals(pair.Value, Node)).Select(pair => pair.Key).ToList())
                To.DurableEntries.Remove(name);
            To.DurableEntries[Name] = Node;
        }
    }
}
