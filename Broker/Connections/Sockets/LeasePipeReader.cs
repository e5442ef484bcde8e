using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using KBroker.Broker.Connections.Memory;

namespace KBroker.Broker.Connections.Sockets;

/// <summary>
/// The reading end of a connection. Small frames are parsed where they were received, in a small pinned buffer; a request for
/// more bytes than that (<see cref="PipeReader.ReadAtLeastAsync"/>) rents a lease of its size and receives straight into it.
/// What a read returns is always one contiguous segment.
/// </summary>
/// <remarks>
/// After a large frame the next receive is kept short, because the next frame is probably large too and each byte received
/// into the small buffer would be copied. Not thread-safe, but for <see cref="CancelPendingRead"/>.
/// </remarks>
public sealed class LeasePipeReader : PipeReader
{
    /// <summary>The bytes an idle connection holds; larger frames go to leases.</summary>
    public const int SmallBufferSize = 4096;

    /// <summary>Frames up to this size are not charged to the memory budget, so that a spent budget stops only the large.</summary>
    public const int ExemptFromBudget = 64 << 10;

    private const int PeekSize = 64;
    private const int ReservationStep = 1 << 20;

    private readonly IByteReceiver _receiver;
    private readonly FrameLeasePool _leases;
    private readonly RequestMemoryBudget _budget;
    private readonly FrameReservation _reservation = new();
    private readonly CancellationToken _stopped;
    private readonly byte[] _small = GC.AllocateUninitializedArray<byte>(SmallBufferSize, pinned: true);
    private FrameLease? _lease;
    private int _start;
    private int _end;
    private long _reserved;
    private long _bytesReceived;
    private bool _expectLarge;
    private bool _examinedAll = true;
    private bool _endOfInput;
    private volatile bool _cancelRequested;
    private volatile bool _waitingForMemory;

    /// <summary>A reader over <paramref name="receiver"/>; <paramref name="stopped"/> cancels its waits for memory.</summary>
    public LeasePipeReader(
        IByteReceiver receiver, FrameLeasePool leases, RequestMemoryBudget budget, CancellationToken stopped)
    {
        _receiver = receiver;
        _leases = leases;
        _budget = budget;
        _stopped = stopped;
    }

    /// <summary>The bytes received so far.</summary>
    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    /// <summary>Whether a read waits for the memory budget.</summary>
    public bool IsWaitingForMemory => _waitingForMemory;

    private Memory<byte> Current => _lease is null ? _small : _lease.Memory;

    private int Buffered => _end - _start;

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        if (_cancelRequested || _endOfInput || (Buffered > 0 && !_examinedAll))
        {
            result = Result();
            return true;
        }

        result = default;
        return false;
    }

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        TryRead(out ReadResult result) ? new(result) : ReceiveAtLeastAsync(Buffered + 1);

    /// <inheritdoc/>
    protected override ValueTask<ReadResult> ReadAtLeastAsyncCore(int minimumSize, CancellationToken cancellationToken) =>
        _cancelRequested || _endOfInput || Buffered >= minimumSize ? new(Result()) : ReceiveAtLeastAsync(minimumSize);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        // Positions of a single-segment sequence over memory are indexes into that memory's owner.
        int read = PositionOf(consumed) - _start;
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)read, (uint)Buffered, nameof(consumed));
        _examinedAll = PositionOf(examined) >= _end;
        _start += read;
        if (_start == _end) ReleaseBuffer();
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => _cancelRequested = true;

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        _endOfInput = true;
        _start = _end;
        ReleaseBuffer();
    }

    /// <summary>A position of a one-segment sequence is an index into the array or lease itself.</summary>
    private int PositionOf(SequencePosition position) => position.GetObject() is null ? _start : position.GetInteger();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReceiveAtLeastAsync(int minimum)
    {
        MakeRoom(minimum);
        while (Buffered < minimum && !_cancelRequested)
        {
            int limit = ReceiveLimit(minimum);
            if (_lease is not null && minimum > ExemptFromBudget)
            {
                if (_reserved <= Buffered && !await ReserveNextStepAsync(minimum).ConfigureAwait(false)) break;
                limit = (int)Math.Min(limit, _reserved - Buffered);
            }

            int received = await _receiver.ReceiveAsync(Current.Slice(_end, limit)).ConfigureAwait(false);
            if (received == 0)
            {
                _endOfInput = true;
                break;
            }

            _end += received;
            Volatile.Write(ref _bytesReceived, _bytesReceived + received);
        }

        return Result();
    }

    /// <summary>Never past the end of a leased frame, so that the next frame finds an empty buffer.</summary>
    private int ReceiveLimit(int minimum)
    {
        if (_lease is not null) return minimum - Buffered;
        return _expectLarge && Buffered == 0 ? PeekSize : SmallBufferSize - _end;
    }

    private void MakeRoom(int minimum)
    {
        if (minimum <= Current.Length - _start) return;
        Memory<byte> buffered = Current[_start.._end];
        if (minimum <= Current.Length)
        {
            buffered.Span.CopyTo(Current.Span);
        }
        else
        {
            FrameLease larger = _leases.Rent(minimum);
            buffered.Span.CopyTo(larger.GetSpan());
            if (_lease is not null) _leases.Return(_lease, _end);
            _lease = larger;
        }

        (_start, _end) = (0, buffered.Length);
    }

    private async ValueTask<bool> ReserveNextStepAsync(int minimum)
    {
        long rest = minimum - _reserved;
        long step = rest <= 2 * ReservationStep ? rest : ReservationStep;
        if (!_budget.TryReserve(_reservation, step))
        {
            _waitingForMemory = true;
            try
            {
                await _budget.ReserveAsync(_reservation, step, _stopped).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                _cancelRequested = true;
                return false;
            }
            finally
            {
                _waitingForMemory = false;
            }
        }

        _reserved += step;
        return true;
    }

    private void ReleaseBuffer()
    {
        _expectLarge = _lease is not null;
        if (_lease is not null)
        {
            _leases.Return(_lease, _end);
            _lease = null;
        }

        if (_reserved > 0)
        {
            _budget.Release(_reservation);
            _reserved = 0;
        }

        (_start, _end) = (0, 0);
    }

    private ReadResult Result() =>
        new(new ReadOnlySequence<byte>(Current[_start.._end]), _cancelRequested, _endOfInput);
}
