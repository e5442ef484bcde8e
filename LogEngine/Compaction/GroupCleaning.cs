using KBroker.LogEngine.Segments;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Compression;

namespace KBroker.LogEngine.Compaction;

/// <summary>
/// Rewrites a run of segments into one and puts it in their place: written as <c>.cleaned</c>, brought to the disk, renamed to
/// <c>.swap</c>, that brought to the disk too, then the old ones set aside and the suffix taken off. After a crash the log has the old
/// segments until the first rename is whole, and the new one from then on.
/// </summary>
internal sealed class GroupCleaning(LogEnvironment environment, PartitionLog log, CleanerPace pace, int truncations)
{
    private const int WriteSize = 256 * 1024;

    public void Run(LogSegment[] group, BatchFilter filter, TransactionFates fates, BatchSource source, long legacyHorizonMs)
    {
        LogSegment fresh;
        lock (log.Gate)
        {
            ThrowIfChanged();
            fresh = LogSegment.Create(environment, log.Directory, group[0].BaseOffset, log.Config with { Preallocate = false }, SegmentFileNames.Cleaned);
        }

        try
        {
            Write(group, fresh, filter, fates, source, legacyHorizonMs);
            Publish(group, fresh);
        }
        catch (SegmentClosedException)
        {
            Discard(fresh);
            throw new CleaningAbortedException();
        }
        catch
        {
            Discard(fresh);
            throw;
        }

        environment.FileSystem.FlushDirectory(log.Directory);
        lock (log.Gate)
        {
            if (log.State == LogState.Open) log.Guarded(log.Segments.SettleReplacement);
        }

        // Whoever learns that the log is clean so far finds it so after a crash.
        environment.FileSystem.FlushDirectory(log.Directory);
    }

    private void Write(
        LogSegment[] group, LogSegment fresh, BatchFilter filter, TransactionFates fates, BatchSource source, long legacyHorizonMs)
    {
        using var output = new PooledBufferWriter(WriteSize);
        fates.Keep = entry => fresh.Transactions.Append(entry);
        int last = Array.FindLastIndex(group, segment => segment.Size > 0);
        for (int i = 0; i <= last; i++)
        {
            bool keepTombstones = environment.FileSystem.LastModifiedMs(group[i].File.Path) > legacyHorizonMs;
            source.Open(group[i]);
            int size = group[i].Size;
            while (source.TryRead(out _, out ReadOnlySpan<byte> batch))
            {
                // The group's last batch stays, if need be without records: the file itself says how far it reaches.
                bool keepEmpty = i == last && source.Position == size;
                filter.Counts.BytesRead += batch.Length;
                filter.Filter(batch, keepEmpty, keepTombstones, output);
                if (output.WrittenCount >= WriteSize) Append(fresh, output, filter.Counts);
            }
        }

        Append(fresh, output, filter.Counts);
        fates.Keep = null;
        fresh.Seal();
        fresh.FlushAll();
        // Retention goes by the time of the file where no record has one.
        environment.FileSystem.SetLastModifiedMs(fresh.File.Path, environment.FileSystem.LastModifiedMs(group[^1].File.Path));
    }

    private void Append(LogSegment fresh, PooledBufferWriter output, CleaningCounts counts)
    {
        if (output.WrittenCount == 0) return;
        if (output.WrittenCount > int.MaxValue - fresh.Size)
            throw new UncleanableLogException($"{fresh.File.Path} would grow beyond 2 GiB");
        fresh.Append(output.WrittenSpan, log.Config);
        counts.BytesWritten += output.WrittenCount;
        int written = output.WrittenCount;
        output.Clear();
        pace.Spend(written);
    }

    private void Publish(LogSegment[] group, LogSegment fresh)
    {
        // The names of all files come before any of them counts.
        environment.FileSystem.FlushDirectory(log.Directory);
        lock (log.Gate)
        {
            ThrowIfChanged();
            bool begun = false;
            log.Guarded(() => begun = log.Segments.TryBeginReplacement(group, fresh));
            if (!begun) throw new CleaningAbortedException();
        }

        environment.FileSystem.FlushDirectory(log.Directory);
        lock (log.Gate)
        {
            ThrowIfChanged();
            bool published = false;
            log.Guarded(() => published = log.Segments.TryPublishReplacement(fresh, log.Config));
            if (!published) throw new CleaningAbortedException();
        }
    }

    private void Discard(LogSegment fresh)
    {
        lock (log.Gate)
        {
            // A log that is closed or deleted leaves its debris to the next start or the deletion of its directory.
            if (log.State == LogState.Open)
            {
                try
                {
                    log.Segments.SettleReplacement();
                    fresh.DeleteFiles(environment.FileSystem);
                }
                catch (StorageException e)
                {
                    log.Fail(e);
                }
            }

            fresh.Release();
        }
    }

    private void ThrowIfChanged()
    {
        if (!log.IsOpen || log.Flusher.Truncations != truncations) throw new CleaningAbortedException();
    }
}
