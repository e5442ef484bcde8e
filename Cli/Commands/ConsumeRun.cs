using KBroker.Cli.Client;

namespace KBroker.Cli.Commands;

/// <summary>Writes what a consumer reads, until there is enough of it, or nothing came for long enough.</summary>
internal sealed class ConsumeRun(TimeProvider time, RecordFormat format, ByteSink output)
{
    /// <summary>How many records to write.</summary>
    public required long MaxMessages { get; init; }

    /// <summary>How long to wait for a record; null for ever.</summary>
    public required TimeSpan? Timeout { get; init; }

    /// <summary>The records written.</summary>
    public long Count { get; private set; }

    /// <summary>Whether the output takes nothing any more.</summary>
    public bool IsOutputClosed { get; private set; }

    /// <exception cref="IOException">The output is closed.</exception>
    /// <exception cref="ClientException">Reading cannot go on.</exception>
    public async Task RunAsync(RecordConsumer consumer, bool checkCrcs, CancellationToken cancellation)
    {
        using var decoder = new RecordDecoder(checkCrcs);
        try
        {
            long lastRecord = time.GetTimestamp();
            while (Count < MaxMessages)
            {
                if (!consumer.TryRead(out FetchedRecords? fetched))
                {
                    Flush();
                    TimeSpan wait = System.Threading.Timeout.InfiniteTimeSpan;
                    if (Timeout is { } timeout && (wait = timeout - time.GetElapsedTime(lastRecord)) <= TimeSpan.Zero) return;
                    fetched = await consumer.ReadAsync(wait, cancellation);
                    if (fetched is null) return;
                }

                cancellation.ThrowIfCancellationRequested();
                long before = Count;
                if (!Write(decoder, fetched!)) return;
                if (Count > before) lastRecord = time.GetTimestamp();
            }
        }
        finally
        {
            if (!IsOutputClosed) Flush();
        }
    }

    private bool Write(RecordDecoder decoder, FetchedRecords fetched) =>
        Guarded(() => decoder.Decode(fetched, (in batch, record) =>
        {
            format.Write(output, fetched.Partition, batch, record);
            return ++Count < MaxMessages;
        }));

    private void Flush() => Guarded(() =>
    {
        output.Flush();
        return true;
    });

    private bool Guarded(Func<bool> write)
    {
        try
        {
            return write();
        }
        catch (IOException)
        {
            IsOutputClosed = true;
            throw;
        }
    }
}
