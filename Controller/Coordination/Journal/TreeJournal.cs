using KBroker.Controller.Coordination.Tree;

namespace KBroker.Controller.Coordination.Journal;

/// <summary>
/// The tree on disk: a snapshot and, after it, a journal of transactions. One frame at most is unsynced at any time, so
/// after a crash only the last frame of the journal can be damaged: it was not acknowledged and is cut off. Any other damage
/// is refused. Journal entries up to the snapshot's transaction id are skipped, so a crash between writing the snapshot and
/// emptying the journal does no harm. A write that the disk refuses (it is full) is taken back; a failed sync is final, as
/// nobody can tell what reached the disk and the next sync would not say. Used by one thread at a time.
/// </summary>
internal sealed class TreeJournal
{
    public const string JournalName = "kbroker-coordination.journal";
    public const string SnapshotName = "kbroker-coordination.snapshot";
    private const string NewSnapshotName = SnapshotName + ".tmp";

    private readonly IJournalStorage _storage;
    private readonly long _snapshotThreshold;
    private long _journalLength;
    private long _snapshotLength;
    private long _snapshotRefusedAt;
    private bool _failed;

    private TreeJournal(IJournalStorage storage, long snapshotThreshold)
    {
        _storage = storage;
        _snapshotThreshold = snapshotThreshold;
    }

    /// <summary>Reads what is on the disk and repairs the end of the journal.</summary>
    /// <exception cref="CoordinationStoreCorruptException">Damage that no crash explains.</exception>
    public static (TreeJournal Journal, TreeState State) Open(IJournalStorage storage, long snapshotThreshold)
    {
        var journal = new TreeJournal(storage, snapshotThreshold);
        TreeState state = journal.Replay(journal.ReadSnapshot());
        return (journal, state);
    }

    /// <summary>Makes a batch of transactions durable; <paramref name="after"/> is the state with all of them applied.</summary>
    /// <exception cref="IOException">
    /// The disk failed. If it refused the write and the journal could be cut back, the batch is not on the disk and later ones
    /// can be; otherwise what is on the disk is not known, and nothing more can be written.
    /// </exception>
    public void Append(IReadOnlyList<(long Id, TreeTransaction Transaction)> batch, TreeState after)
    {
        if (_failed)
        {
            throw new IOException($"{_storage.Describe(JournalName)}: an earlier write or sync failed; restart to recover the journal.");
        }

        byte[] frame = TransactionCodec.Encode(batch);
        _failed = true;
        try
        {
            _storage.Append(JournalName, frame);
        }
        catch
        {
            _failed = !TryCutBack();
            throw;
        }

        _storage.Sync(JournalName);
        _journalLength += frame.Length;
        if (_journalLength - _snapshotRefusedAt >= Math.Max(_snapshotThreshold, 2 * _snapshotLength)) WriteSnapshot(after);
        _failed = false;
    }

    // Nothing of the refused entry was synced. Once its rest is durably gone, the file is what has been acknowledged.
    private bool TryCutBack()
    {
        try
        {
            _storage.Truncate(JournalName, _journalLength);
            _storage.Sync(JournalName);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private TreeState ReadSnapshot()
    {
        byte[]? file = _storage.Read(SnapshotName);
        if (file is null) return TreeState.Empty;
        string name = _storage.Describe(SnapshotName);
        if (!Frame.TryRead(SnapshotCodec.Magic, file, 0, out int length) || length + Frame.HeaderSize != file.Length)
        {
            throw new CoordinationStoreCorruptException(name, 0, "the snapshot is damaged");
        }

        _snapshotLength = file.Length;
        try
        {
            return SnapshotCodec.Decode(file.AsSpan(Frame.HeaderSize));
        }
        catch (FormatException e)
        {
            throw new CoordinationStoreCorruptException(name, 0, $"the snapshot cannot be read ({e.Message})");
        }
    }

    private TreeState Replay(TreeState state)
    {
        byte[]? file = _storage.Read(JournalName);
        if (file is null)
        {
            _storage.Append(JournalName, []);
            _storage.Sync(JournalName);
            _storage.SyncDirectory();
            return state;
        }

        int offset = 0;
        while (Frame.TryRead(TransactionCodec.Magic, file, offset, out int length))
        {
            state = Replay(state, file.AsSpan(offset + Frame.HeaderSize, length), offset);
            offset += Frame.HeaderSize + length;
        }

        if (offset < file.Length) CutTornTail(file, offset);
        _journalLength = offset;
        return state;
    }

    private TreeState Replay(TreeState state, ReadOnlySpan<byte> payload, int offset)
    {
        try
        {
            foreach ((long id, TreeTransaction transaction) in TransactionCodec.Decode(payload))
            {
                if (id <= state.LastTransactionId) continue;
                TreeStep step = TreeApplier.Apply(state, transaction);
                if (!step.Result.IsOk || step.State.LastTransactionId != id)
                {
                    throw new FormatException("a transaction does not follow from those before it");
                }

                state = step.State;
            }

            return state;
        }
        catch (FormatException e)
        {
            throw new CoordinationStoreCorruptException(
                _storage.Describe(JournalName), offset, $"an entry cannot be read ({e.Message})");
        }
    }

    private void CutTornTail(byte[] file, int offset)
    {
        int next = Frame.Find(TransactionCodec.Magic, file, offset + 1);
        if (next >= 0)
        {
            throw new CoordinationStoreCorruptException(
                _storage.Describe(JournalName), offset, $"a damaged entry, with undamaged ones after it (from {next} on),");
        }

        _storage.Truncate(JournalName, offset);
        _storage.Sync(JournalName);
    }

    private void WriteSnapshot(TreeState state)
    {
        byte[] snapshot = SnapshotCodec.Encode(state);
        if (!TryWriteNewSnapshot(snapshot))
        {
            _snapshotRefusedAt = _journalLength;
            return;
        }

        _storage.Sync(NewSnapshotName);
        _storage.Rename(NewSnapshotName, SnapshotName);
        _storage.SyncDirectory();
        _storage.Truncate(JournalName, 0);
        _storage.Sync(JournalName);
        _snapshotLength = snapshot.Length;
        _journalLength = 0;
        _snapshotRefusedAt = 0;
    }

    // The journal has every entry, so a disk without room for a snapshot costs nothing but a longer journal. What did get
    // written is given back, as the journal may need the room.
    private bool TryWriteNewSnapshot(byte[] snapshot)
    {
        try
        {
            EmptyNewSnapshot();
            _storage.Append(NewSnapshotName, snapshot);
            return true;
        }
        catch (IOException)
        {
            try
            {
                EmptyNewSnapshot();
            }
            catch (IOException)
            {
                // It stays until the next attempt, which begins by emptying it.
            }

            return false;
        }
    }

    private void EmptyNewSnapshot()
    {
        if (_storage.Read(NewSnapshotName) is not null) _storage.Truncate(NewSnapshotName, 0);
    }
}
