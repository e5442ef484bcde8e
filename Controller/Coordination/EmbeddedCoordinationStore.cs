using KBroker.Controller.Coordination.Journal;
using KBroker.Controller.Coordination.Tree;

namespace KBroker.Controller.Coordination;

/// <summary>
/// The coordination store of a single node: the tree in memory, every write in a journal and fsynced before it is
/// acknowledged or can be read. Writes that arrive while one is being synced share the next fsync. Ephemeral nodes vanish
/// when the store is opened again; transaction ids never go back.
/// </summary>
public sealed class EmbeddedCoordinationStore : ICoordinationStore, ITreeWriter
{
    /// <summary>The size of the journal, in bytes, from which on a snapshot replaces it.</summary>
    public const long DefaultSnapshotThreshold = 4 * 1024 * 1024;

    private readonly IJournalStorage _storage;
    private readonly TreeJournal _journal;
    private readonly TreeView _view;
    private readonly Lock _gate = new();
    private List<Pending> _pending = [];
    private Task _writer = Task.CompletedTask;
    private long _lastSession;
    private bool _writing;
    private bool _disposed;

    private EmbeddedCoordinationStore(IJournalStorage storage, TreeJournal journal, TreeState state)
    {
        _storage = storage;
        _journal = journal;
        _view = new TreeView(state);
    }

    TreeView ITreeWriter.View => _view;

    /// <summary>Opens the store in a directory (the first log directory), which must exist.</summary>
    /// <exception cref="IOException">Another process has it open, the disk fails, or a file is damaged
    /// (<see cref="CoordinationStoreCorruptException"/>).</exception>
    public static EmbeddedCoordinationStore Open(string directory) => Open(new DirectoryJournalStorage(directory));

    /// <summary>Whether a directory holds the files of a store that was in use.</summary>
    public static bool ExistsIn(string directory) =>
        File.Exists(Path.Combine(directory, TreeJournal.JournalName)) || File.Exists(Path.Combine(directory, TreeJournal.SnapshotName));

    /// <summary>Opens the store on a storage, which it disposes of.</summary>
    public static EmbeddedCoordinationStore Open(
        IJournalStorage storage, long snapshotThreshold = DefaultSnapshotThreshold)
    {
        try
        {
            (TreeJournal journal, TreeState state) = TreeJournal.Open(storage, snapshotThreshold);
            if (state.Nodes.Values.Any(node => node.EphemeralOwner != 0))
            {
                var closeAll = new TreeTransaction(TreeTransactionKind.CloseAllSessions, 0, []);
                state = TreeApplier.Apply(state, closeAll).State;
                journal.Append([(state.LastTransactionId, closeAll)], state);
            }

            return new EmbeddedCoordinationStore(storage, journal, state);
        }
        catch
        {
            storage.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<ICoordinationSession> OpenSessionAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new(new TreeSession(this, Interlocked.Increment(ref _lastSession)));
    }

    ValueTask<MultiResult> ITreeWriter.SubmitAsync(TreeTransaction transaction)
    {
        var pending = new Pending(transaction);
        lock (_gate)
        {
            if (_disposed) return new(MultiResult.Refused(CoordinationStatus.SessionExpired));
            _pending.Add(pending);
            if (!_writing)
            {
                _writing = true;
                _writer = Task.Run(WriteAll);
            }
        }

        return new(pending.Completion.Task);
    }

    /// <summary>Finishes the writes already submitted and releases the files.</summary>
    public async ValueTask DisposeAsync()
    {
        Task writer;
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            writer = _writer;
        }

        await writer;
        _storage.Dispose();
    }

    private void WriteAll()
    {
        while (true)
        {
            List<Pending> batch;
            lock (_gate)
            {
                if (_pending.Count == 0)
                {
                    _writing = false;
                    return;
                }

                batch = _pending;
                _pending = [];
            }

            try
            {
                Write(batch);
            }
            catch (Exception e)
            {
                // The disk failed: nobody in the batch may believe that it was written. The view still shows what has been
                // acknowledged; whether later batches can be written is the journal's to say.
                foreach (Pending pending in batch) pending.Completion.TrySetException(e);
            }
        }
    }

    private void Write(List<Pending> batch)
    {
        TreeState state = _view.State;
        var steps = new TreeStep[batch.Count];
        var written = new List<(long, TreeTransaction)>(batch.Count);
        var changes = new List<WatchEvent>();
        for (int i = 0; i < steps.Length; i++)
        {
            steps[i] = TreeApplier.Apply(state, batch[i].Transaction);
            if (!steps[i].Result.IsOk) continue;
            state = steps[i].State;
            written.Add((state.LastTransactionId, batch[i].Transaction));
            changes.AddRange(steps[i].Changes);
        }

        if (written.Count > 0)
        {
            _journal.Append(written, state);
            _view.Publish(state, changes);
        }

        for (int i = 0; i < steps.Length; i++) batch[i].Completion.SetResult(steps[i].Result);
        _view.Deliver();
    }

    private sealed record Pending(TreeTransaction Transaction)
    {
        public TaskCompletionSource<MultiResult> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
