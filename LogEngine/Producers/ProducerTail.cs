using System.Buffers.Binary;
using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Producers;

/// <summary>
/// The batches right before the offset of a snapshot, which tell whether it is this log's and of that offset, and give what it leaves
/// out: the batches before each producer's last, so that a repetition of any of them is recognised after a restart.
/// </summary>
internal sealed class ProducerTail(IReadOnlyList<LogSegment> segments, LogEnvironment environment, bool isOpen)
{
    // Some hundred kilobytes of small batches, or as many large ones.
    private const int IndexEntries = 32;

    /// <summary>
    /// Completes the states of a snapshot. False when the batches contradict it: a producer stands elsewhere, or one is missing that
    /// wrote later than some that are there.
    /// </summary>
    public bool TryComplete(ProducerStates states)
    {
        long end = states.EndOffset;
        LogSegment? segment = segments.LastOrDefault(segment => segment.BaseOffset < end && segment.Size > 0);
        if (segment is null) return true;
        var tail = new ProducerStates(new ProducerOptions { MaxProducers = int.MaxValue });
        try
        {
            Read(segment, end, tail);
        }
        catch (CorruptIndexException)
        {
            return true;
        }

        long kept = KeptFrom(states, tail);
        foreach (ProducerState seen in tail.All)
        {
            if (states.Find(seen.ProducerId) is { } state ? !Agrees(state, seen) : !MayBeMissing(seen, kept)) return false;
        }

        foreach (ProducerState seen in tail.All)
        {
            if (seen.BatchCount < 2 || states.Find(seen.ProducerId) is not { } state) continue;
            var earlier = new ProducerBatch[seen.BatchCount - 1];
            for (int i = 0; i < earlier.Length; i++) earlier[i] = seen[i];
            state.SetEarlierBatches(earlier);
        }

        return true;
    }

    /// <summary>
    /// Producers are forgotten in the order in which they were last heard of, for their number or for their silence, and by settings
    /// that may have changed since: one that is missing was last heard of before any that is there. Those with a transaction open are not
    /// forgotten, and say something only where there are no others.
    /// </summary>
    private static long KeptFrom(ProducerStates states, ProducerStates tail)
    {
        long oldest = long.MaxValue;
        long newest = -1;
        foreach (ProducerState state in states.All)
        {
            // The offset of its last marker stands in the log alone.
            long heard = Math.Max(state.LastSeenOffset, tail.Find(state.ProducerId)?.LastSeenOffset ?? -1);
            newest = Math.Max(newest, heard);
            if (!state.InTransaction) oldest = Math.Min(oldest, heard);
        }

        return oldest == long.MaxValue ? newest : oldest;
    }

    /// <summary>
    /// Its last batch alone counts: a start knows of a marker, if it comes from a snapshot, no offset, and forgets by that of the batch.
    /// Kafka forgets by the time of the batch.
    /// </summary>
    private bool MayBeMissing(ProducerState seen, long kept) =>
        (seen.LastBatch?.LastOffset ?? -1) <= kept
        || environment.NowMs - seen.LastTimestamp >= environment.Producers.Expiration.TotalMilliseconds;

    private static bool Agrees(ProducerState state, ProducerState seen)
    {
        if (state.Epoch != seen.Epoch) return false;
        if (seen.LastBatch is not { } last) return true;
        // One that was forgotten and came back with a marker has no batch.
        if (state.LastBatch is not { } known) return seen.LastSeenOffset > last.LastOffset;
        return known.LastOffset == last.LastOffset && known.LastSequence == last.LastSequence;
    }

    private void Read(LogSegment segment, long end, ProducerStates tail)
    {
        int start = isOpen ? NotedPosition(segment, end) : NotedPositionOnDisk(segment);
        ILogFile file = segment.Acquire();
        var scanner = new BatchScanner(file, start, segment.Size);
        Span<byte> buffer = stackalloc byte[EndTransactionMarker.MaxBatchSize];
        try
        {
            while (scanner.MoveNext() == ScanStatus.Found && scanner.Header.LastOffset < end)
            {
                scoped ReadOnlySpan<byte> batch = default;
                if (scanner.Header is { HasProducerId: true, IsControl: true } header && header.SizeInBytes <= buffer.Length)
                    batch = buffer[..file.Read(buffer[..header.SizeInBytes], scanner.Position)];
                tail.Apply(scanner.Header, batch, committedEnd: long.MaxValue, now: 0, out _);
            }
        }
        finally
        {
            scanner.Dispose();
            segment.File.Release();
        }
    }

    private static int NotedPosition(LogSegment segment, long end)
    {
        segment.EnsureIndexes();
        return segment.Offsets.EntryBefore(end, IndexEntries).Position;
    }

    /// <summary>The same past the index itself, so that the index of a segment that nobody reads stays unloaded.</summary>
    private int NotedPositionOnDisk(LogSegment segment)
    {
        if (!environment.FileSystem.FileExists(segment.Offsets.Path)) return 0;
        using ILogFile file = environment.FileSystem.Open(segment.Offsets.Path);
        Span<byte> entry = stackalloc byte[OffsetIndex.EntrySize];
        long at = file.Length - ((IndexEntries + 1L) * entry.Length);
        if (at < 0 || at % entry.Length != 0 || file.Read(entry, at) != entry.Length) return 0;
        int position = BinaryPrimitives.ReadInt32BigEndian(entry[sizeof(int)..]);
        return position >= 0 && position < segment.Size ? position : 0;
    }
}
