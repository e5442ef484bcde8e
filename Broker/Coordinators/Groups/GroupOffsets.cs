using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>
/// The offsets of all groups of one shard, and those that open transactions hold back. Changed by replaying records alone, when
/// they are appended or loaded.
/// </summary>
/// <param name="memory">Hears of what they hold in memory.</param>
public sealed class GroupOffsets(MemoryPool memory)
{
    private const int BytesOfOffset = 200;

    private readonly Dictionary<string, Dictionary<OffsetKey, CommittedOffset>> _committed = new(StringComparer.Ordinal);
    private readonly Dictionary<long, Dictionary<string, Dictionary<OffsetKey, CommittedOffset>>> _open = [];
    private readonly Dictionary<string, Dictionary<OffsetKey, int>> _openKeys = new(StringComparer.Ordinal);
    private readonly HashSet<string> _topics = new(StringComparer.Ordinal);
    private long _sequence;
    private long _heldBytes;

    /// <summary>The groups that have offsets, or that open transactions have offsets for.</summary>
    public IReadOnlyCollection<string> Groups => _openKeys.Count == 0 ? _committed.Keys : [.. _committed.Keys.Union(_openKeys.Keys, StringComparer.Ordinal)];

    /// <summary>The offsets of a group; empty without any.</summary>
    public IReadOnlyDictionary<OffsetKey, CommittedOffset> Of(string group) =>
        _committed.TryGetValue(group, out Dictionary<OffsetKey, CommittedOffset>? offsets) ? offsets : EmptyOffsets.Instance;

    /// <summary>The partitions for which a group has an offset, or an open transaction has one for it.</summary>
    public List<OffsetKey> KeysOf(string group) =>
        _openKeys.TryGetValue(group, out Dictionary<OffsetKey, int>? open) ? [.. Of(group).Keys.Union(open.Keys)] : [.. Of(group).Keys];

    /// <summary>Finds an offset.</summary>
    public bool TryGet(string group, OffsetKey key, [NotNullWhen(true)] out CommittedOffset? offset)
    {
        offset = null;
        return _committed.TryGetValue(group, out Dictionary<OffsetKey, CommittedOffset>? offsets) && offsets.TryGetValue(key, out offset);
    }

    /// <summary>Whether an open transaction is about to change an offset.</summary>
    public bool IsOpen(string group, OffsetKey key) => _openKeys.TryGetValue(group, out Dictionary<OffsetKey, int>? open) && open.ContainsKey(key);

    /// <summary>Whether an open transaction is about to change any offset of a group.</summary>
    public bool HasOpen(string group) => _openKeys.ContainsKey(group);

    /// <summary>By how much an offset would add to what is held in memory, about, in bytes.</summary>
    /// <param name="group">The group.</param>
    /// <param name="key">The partition.</param>
    /// <param name="metadata">The client's note.</param>
    /// <param name="producerId">The producer whose transaction holds it back beside what is committed; -1 without one.</param>
    public long GrowthBy(string group, OffsetKey key, string metadata, long producerId = -1)
    {
        CommittedOffset? present = null;
        if (producerId < 0) TryGet(group, key, out present);
        else if (_open.TryGetValue(producerId, out Dictionary<string, Dictionary<OffsetKey, CommittedOffset>>? groups)
            && groups.TryGetValue(group, out Dictionary<OffsetKey, CommittedOffset>? offsets)) present = offsets.GetValueOrDefault(key);
        return BytesOfOffset + GroupHoldings.SizeOf(metadata) - (present is null ? 0 : SizeOf(present));
    }

    /// <summary>Whether there can be offsets of a topic; if not, nobody has to look for them.</summary>
    public bool MayHave(string topic) => _topics.Contains(topic);

    /// <summary>A topic is gone, and with it its offsets soon.</summary>
    public void ForgetTopic(string topic) => _topics.Remove(topic);

    /// <summary>Gives back what is held: nobody asks any more.</summary>
    public void Release() => Hold(-_heldBytes);

    /// <summary>Takes over a record of the log.</summary>
    /// <param name="group">The group.</param>
    /// <param name="key">The partition.</param>
    /// <param name="offset">The offset; null deletes it.</param>
    /// <param name="producerId">The producer of the transaction that the record belongs to; -1 without one.</param>
    public void Replay(string group, OffsetKey key, CommittedOffset? offset, long producerId = -1)
    {
        _sequence++;
        if (offset is null)
        {
            Remove(group, key);
            return;
        }

        offset = offset with { Sequence = _sequence };
        key = key with { Topic = OneText(key.Topic) };
        if (producerId < 0)
        {
            Set(Get(_committed, group), key, offset);
            return;
        }

        if (!_open.TryGetValue(producerId, out Dictionary<string, Dictionary<OffsetKey, CommittedOffset>>? groups)) _open[producerId] = groups = new(StringComparer.Ordinal);
        Dictionary<OffsetKey, CommittedOffset> offsets = Get(groups, group);
        if (!offsets.ContainsKey(key)) Open(group, key);
        Set(offsets, key, offset);
    }

    /// <summary>Takes over the end of a transaction: its offsets count, unless a later record has set them meanwhile, or are gone.</summary>
    public void ReplayEnd(long producerId, bool committed)
    {
        if (!_open.Remove(producerId, out Dictionary<string, Dictionary<OffsetKey, CommittedOffset>>? groups)) return;
        foreach ((string group, Dictionary<OffsetKey, CommittedOffset> offsets) in groups)
        {
            foreach ((OffsetKey key, CommittedOffset offset) in offsets)
            {
                Close(group, key);
                Hold(-SizeOf(offset));
                if (!committed) continue;
                Dictionary<OffsetKey, CommittedOffset> all = Get(_committed, group);
                if (!all.TryGetValue(key, out CommittedOffset? present) || present.Sequence < offset.Sequence) Set(all, key, offset);
            }
        }
    }

    private void Remove(string group, OffsetKey key)
    {
        if (_committed.TryGetValue(group, out Dictionary<OffsetKey, CommittedOffset>? offsets) && offsets.Remove(key, out CommittedOffset? removed))
        {
            Hold(-SizeOf(removed));
            if (offsets.Count == 0) _committed.Remove(group);
        }

        if (!IsOpen(group, key)) return;
        // A deleted offset does not come back by a transaction that was open when it was deleted.
        foreach ((long producerId, Dictionary<string, Dictionary<OffsetKey, CommittedOffset>> groups) in _open)
        {
            if (!groups.TryGetValue(group, out Dictionary<OffsetKey, CommittedOffset>? open) || !open.Remove(key, out CommittedOffset? held)) continue;
            Close(group, key);
            Hold(-SizeOf(held));
            if (open.Count == 0) groups.Remove(group);
            if (groups.Count == 0) _open.Remove(producerId);
        }
    }

    private void Open(string group, OffsetKey key)
    {
        if (!_openKeys.TryGetValue(group, out Dictionary<OffsetKey, int>? keys)) _openKeys[group] = keys = [];
        keys[key] = keys.GetValueOrDefault(key) + 1;
    }

    private void Close(string group, OffsetKey key)
    {
        Dictionary<OffsetKey, int> keys = _openKeys[group];
        if (--keys[key] > 0) return;
        keys.Remove(key);
        if (keys.Count == 0) _openKeys.Remove(group);
    }

    private static Dictionary<OffsetKey, CommittedOffset> Get(Dictionary<string, Dictionary<OffsetKey, CommittedOffset>> groups, string group)
    {
        if (!groups.TryGetValue(group, out Dictionary<OffsetKey, CommittedOffset>? offsets)) groups[group] = offsets = [];
        return offsets;
    }

    private void Set(Dictionary<OffsetKey, CommittedOffset> offsets, OffsetKey key, CommittedOffset offset)
    {
        ref CommittedOffset? present = ref CollectionsMarshal.GetValueRefOrAddDefault(offsets, key, out _);
        Hold(SizeOf(offset) - (present is null ? 0 : SizeOf(present)));
        present = offset;
    }

    private void Hold(long bytes)
    {
        _heldBytes += bytes;
        memory.Add(bytes);
    }

    private static long SizeOf(CommittedOffset offset) => BytesOfOffset + GroupHoldings.SizeOf(offset.Metadata);

    /// <summary>The same text as other offsets of the topic have: a log brings one with each record.</summary>
    private string OneText(string topic)
    {
        if (_topics.TryGetValue(topic, out string? known)) return known;
        _topics.Add(topic);
        return topic;
    }

    private static class EmptyOffsets
    {
        public static readonly Dictionary<OffsetKey, CommittedOffset> Instance = [];
    }
}
