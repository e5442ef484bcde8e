namespace KBroker.Broker.Connections.Memory;

/// <summary>
/// Bounds the memory that large requests hold while they are received and dispatched (Kafka's
/// <c>queued.max.request.bytes</c>). A connection that finds the budget spent stops reading until others have finished.
/// </summary>
/// <remarks>
/// Memory is charged in steps as a frame arrives, so that announcing a large frame costs nobody else. Frames that each hold
/// a part and wait for the rest could block each other for ever; therefore one frame at a time may overdraw. The memory in
/// use is then at most the budget plus one frame.
/// </remarks>
public sealed class RequestMemoryBudget
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Waiter> _waiters = new();
    private long _available;
    private FrameReservation? _overdrawing;

    /// <summary>A budget of <paramref name="totalBytes"/>, which must be positive.</summary>
    public RequestMemoryBudget(long totalBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(totalBytes);
        TotalBytes = totalBytes;
        _available = totalBytes;
    }

    /// <summary>The whole budget in bytes.</summary>
    public long TotalBytes { get; }

    /// <summary>The bytes now charged; above <see cref="TotalBytes"/> only by the one frame that may overdraw.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_gate) return TotalBytes - _available;
        }
    }

    /// <summary>The frames that wait for memory.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate) return _waiters.Count;
        }
    }

    /// <summary>A budget of a quarter of the memory this process may use.</summary>
    public static RequestMemoryBudget ForThisMachine() =>
        new(Math.Max(64L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4));

    /// <summary>Charges <paramref name="bytes"/> more to a frame if that is possible at once.</summary>
    public bool TryReserve(FrameReservation reservation, long bytes)
    {
        lock (_gate)
        {
            if (_waiters.Count > 0 && !ReferenceEquals(_overdrawing, reservation)) return false;
            return TryGrant(reservation, bytes);
        }
    }

    /// <summary>Charges <paramref name="bytes"/> more to a frame, after those who asked before.</summary>
    /// <exception cref="OperationCanceledException">The connection was closed first; nothing is charged.</exception>
    public async ValueTask ReserveAsync(FrameReservation reservation, long bytes, CancellationToken cancellationToken)
    {
        if (TryReserve(reservation, bytes)) return;
        var waiter = new Waiter(reservation, bytes);
        lock (_gate)
        {
            waiter.Node = _waiters.AddLast(waiter);
            GrantWaiters();
        }

        await using (cancellationToken.UnsafeRegister(static (state, token) => ((Waiter)state!).Cancel(token), waiter))
        {
            try
            {
                await waiter.Granted.Task.ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                Forget(waiter);
                throw;
            }
        }
    }

    /// <summary>Gives back all that was charged to a frame.</summary>
    public void Release(FrameReservation reservation)
    {
        lock (_gate)
        {
            _available += reservation.Bytes;
            reservation.Bytes = 0;
            if (_available >= 0 || ReferenceEquals(_overdrawing, reservation)) _overdrawing = null;
            GrantWaiters();
        }
    }

    private bool TryGrant(FrameReservation reservation, long bytes)
    {
        if (_available < bytes)
        {
            if (_overdrawing is not null && !ReferenceEquals(_overdrawing, reservation)) return false;
            _overdrawing = reservation;
        }

        _available -= bytes;
        reservation.Bytes += bytes;
        return true;
    }

    private void GrantWaiters()
    {
        while (_waiters.First is { } first && TryGrant(first.Value.Reservation, first.Value.Bytes))
        {
            _waiters.RemoveFirst();
            first.Value.Node = null;
            if (first.Value.Granted.TrySetResult()) continue;

            // Cancelled in the meantime: the grant goes back, to the next in line.
            _available += first.Value.Bytes;
            first.Value.Reservation.Bytes -= first.Value.Bytes;
            if (ReferenceEquals(_overdrawing, first.Value.Reservation) && first.Value.Reservation.Bytes == 0) _overdrawing = null;
        }
    }

    private void Forget(Waiter waiter)
    {
        lock (_gate)
        {
            if (waiter.Node is null) return;
            _waiters.Remove(waiter.Node);
            waiter.Node = null;
            GrantWaiters();
        }
    }

    private sealed class Waiter(FrameReservation reservation, long bytes)
    {
        public FrameReservation Reservation { get; } = reservation;

        public long Bytes { get; } = bytes;

        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public LinkedListNode<Waiter>? Node { get; set; }

        public void Cancel(CancellationToken token) => Granted.TrySetCanceled(token);
    }
}
