using KBroker.LogEngine.Segments;

namespace KBroker.LogEngine.Producers;

/// <summary>
/// Which producers are about to begin a transaction in the log (KIP-890). A guard that was given out stays in force until the
/// transaction has its first batch, or a marker shows that it ended before: an append that waited for its coordinator's answer
/// meanwhile comes too late then, and would leave a transaction that nobody ends. Nothing of this is on the disk: a restart ends all
/// appends under way. Under the log's gate.
/// </summary>
internal sealed class PendingVerifications(int most)
{
    private const int ForgottenShare = 8;

    private readonly Dictionary<long, PendingVerification> _pending = [];
    private long _lastGuard;

    /// <summary>The number of producers; read without a lock.</summary>
    public int Count => _pending.Count;

    public PendingVerification? Find(long producerId) => _pending.Count == 0 ? null : _pending.GetValueOrDefault(producerId);

    /// <summary>The guard to append with once the coordinator has said yes.</summary>
    public long Start(long producerId, short epoch, int sequence, bool bumpsEpoch, long now)
    {
        if (!_pending.TryGetValue(producerId, out PendingVerification? pending))
        {
            if (_pending.Count >= most) ForgetOldest();
            _pending.Add(producerId, pending = new PendingVerification(++_lastGuard, epoch, sequence));
        }

        pending.Ask(epoch, sequence);
        pending.BumpsEpoch = bumpsEpoch;
        pending.LastAsked = now;
        return pending.Guard;
    }

    /// <summary>A batch is in the log.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="markerRaisesEpoch">Whether a marker is known to carry the epoch that its producer goes on with.</param>
    public void Applied(in BatchHeader header, bool markerRaisesEpoch)
    {
        if (_pending.Count == 0 || !header.IsTransactional || !_pending.TryGetValue(header.ProducerId, out PendingVerification? pending)) return;
        // Who asks with the marker's epoch is in the transaction after the one that it ended.
        if (header.IsControl && markerRaisesEpoch && pending.BumpsEpoch && pending.Epoch == header.ProducerEpoch) return;
        _pending.Remove(header.ProducerId);
    }

    /// <summary>Forgets those that nobody asked for since before <paramref name="since"/>.</summary>
    public void Expire(long since)
    {
        foreach ((long id, PendingVerification pending) in _pending)
        {
            // Removing while enumerating is allowed for a dictionary.
            if (pending.LastAsked <= since) _pending.Remove(id);
        }
    }

    public void Clear() => _pending.Clear();

    private void ForgetOldest()
    {
        KeyValuePair<long, PendingVerification>[] oldest = [.. _pending];
        Array.Sort(oldest, static (a, b) => a.Value.LastAsked.CompareTo(b.Value.LastAsked));
        foreach ((long id, _) in oldest.AsSpan(0, Math.Max(oldest.Length / ForgottenShare, 1))) _pending.Remove(id);
    }
}
