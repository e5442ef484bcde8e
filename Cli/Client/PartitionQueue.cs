namespace KBroker.Cli.Client;

/// <summary>
/// The batches of one partition: those that are full, in order, and the one being filled. The producer's lock guards it.
/// </summary>
internal sealed class PartitionQueue(int partition)
{
    private readonly Queue<PendingBatch> _full = new();
    private PendingBatch? _open;
    private TaskCompletionSource _changed = NewSignal();

    public int Partition { get; } = partition;

    /// <summary>The loop that sends the batches.</summary>
    public Task Sending { get; set; } = Task.CompletedTask;

    /// <summary>The batch to append to, or null.</summary>
    public PendingBatch? Open => _open;

    /// <summary>Completes when a batch became full or was begun after this was read, or when <see cref="Wake"/> was called.</summary>
    public Task Changed => _changed.Task;

    public void Begin(PendingBatch batch)
    {
        _open = batch;
        Wake();
    }

    public void CloseOpen()
    {
        if (_open is null) return;
        _full.Enqueue(_open);
        _open = null;
        Wake();
    }

    /// <summary>The next batch to send, or null; the one being filled only if it may go as it is.</summary>
    public PendingBatch? Take(Func<PendingBatch, bool> mayGo)
    {
        if (_full.TryDequeue(out PendingBatch? full)) return full;
        if (_open is null || !mayGo(_open)) return null;
        PendingBatch open = _open;
        _open = null;
        return open;
    }

    public void Wake() => _changed.TrySetResult();

    /// <summary>Readies <see cref="Changed"/> for the next change.</summary>
    public void Arm()
    {
        if (_changed.Task.IsCompleted) _changed = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
