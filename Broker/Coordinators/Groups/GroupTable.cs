using System.Diagnostics.CodeAnalysis;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>The groups of a shard, of both kinds: an id is one group's.</summary>
internal sealed class GroupTable
{
    private readonly Dictionary<string, IGroup> _groups = new(StringComparer.Ordinal);

    /// <summary>The groups, in no order.</summary>
    public IReadOnlyCollection<IGroup> All => _groups.Values;

    /// <summary>Finds a group; null if there is none.</summary>
    public IGroup? Find(string groupId) => _groups.GetValueOrDefault(groupId);

    /// <summary>Finds a group of a kind.</summary>
    public bool TryGet<TGroup>(string groupId, [NotNullWhen(true)] out TGroup? group)
        where TGroup : class, IGroup
    {
        group = Find(groupId) as TGroup;
        return group is not null;
    }

    /// <summary>Puts a group in its place, instead of one that may be there.</summary>
    public void Set(IGroup group) => _groups[group.Id] = group;

    /// <summary>Takes a group out.</summary>
    public bool Remove(string groupId, [NotNullWhen(true)] out IGroup? group) => _groups.Remove(groupId, out group);

    /// <summary>Takes all out.</summary>
    public void Clear() => _groups.Clear();
}
