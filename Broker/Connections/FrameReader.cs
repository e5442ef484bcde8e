using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Connections;

/// <summary>
/// Cuts the input of one connection into request frames: a length as int32, then that many bytes. Lengths are judged before
/// anything is allocated for them.
/// </summary>
internal sealed class FrameReader(PipeReader input, int maxRequestBytes)
{
    private const int LengthSize = sizeof(int);

    private ReadOnlySequence<byte> _buffer;
    private int _length;
    private byte[]? _gathered;
    private long _bytesTaken;

    /// <summary>The bytes of all frames that were taken and let go: what was received beyond them belongs to later ones.</summary>
    public long BytesTaken => Volatile.Read(ref _bytesTaken);

    /// <summary>The current frame, without its length; contiguous, valid until <see cref="Advance"/>.</summary>
    public ReadOnlyMemory<byte> Frame { get; private set; }

    /// <summary>Reads the next frame; false when the client has closed its side between frames, or reading was stopped.</summary>
    /// <exception cref="MalformedMessageException">The length is out of bounds, or the input ends inside a frame.</exception>
    public ValueTask<bool> ReadAsync()
    {
        ValueTask<ReadResult> reading = input.ReadAtLeastAsync(LengthSize);
        if (!reading.IsCompletedSuccessfully) return ReadSlowlyAsync(reading);
        ReadResult result = reading.Result;
        return TryTake(result, out bool taken) ? new(taken) : ReadRestAsync(result);
    }

    /// <summary>Lets go of the current frame's bytes.</summary>
    public void Advance()
    {
        Frame = default;
        if (_gathered is not null)
        {
            ArrayPool<byte>.Shared.Return(_gathered);
            _gathered = null;
        }

        input.AdvanceTo(_buffer.GetPosition(LengthSize + _length));
        Volatile.Write(ref _bytesTaken, _bytesTaken + LengthSize + _length);
        _buffer = default;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReadSlowlyAsync(ValueTask<ReadResult> reading)
    {
        ReadResult result = await reading.ConfigureAwait(false);
        return TryTake(result, out bool taken) ? taken : await ReadRestAsync(result).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReadRestAsync(ReadResult result)
    {
        input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        result = await input.ReadAtLeastAsync(LengthSize + _length).ConfigureAwait(false);
        if (TryTake(result, out bool taken)) return taken;
        throw new MalformedMessageException("the input ends inside a request");
    }

    /// <summary>Takes a frame from the buffer; false when more bytes are needed. Not taken means the end of the input.</summary>
    private bool TryTake(ReadResult result, out bool taken)
    {
        taken = false;
        if (result.IsCanceled) return true;
        ReadOnlySequence<byte> buffer = result.Buffer;
        if (buffer.Length < LengthSize)
        {
            if (buffer.IsEmpty) return true;
            throw new MalformedMessageException("the input ends inside a request");
        }

        _length = ReadLength(buffer);
        if (_length <= 0 || _length > maxRequestBytes)
            throw new MalformedMessageException($"a request of {_length} bytes (allowed are 1 to {maxRequestBytes})");
        if (buffer.Length < LengthSize + _length)
        {
            if (result.IsCompleted) throw new MalformedMessageException("the input ends inside a request");
            return false;
        }

        _buffer = buffer;
        Frame = Contiguous(buffer.Slice(LengthSize, _length));
        taken = true;
        return true;
    }

    private static int ReadLength(ReadOnlySequence<byte> buffer)
    {
        if (buffer.FirstSpan.Length >= LengthSize) return BinaryPrimitives.ReadInt32BigEndian(buffer.FirstSpan);
        Span<byte> length = stackalloc byte[LengthSize];
        buffer.Slice(0, LengthSize).CopyTo(length);
        return BinaryPrimitives.ReadInt32BigEndian(length);
    }

    /// <summary>Socket input is one segment always; a plain pipe, as tests use it, may have to be gathered.</summary>
    private ReadOnlyMemory<byte> Contiguous(ReadOnlySequence<byte> frame)
    {
        if (frame.IsSingleSegment) return frame.First;
        _gathered = ArrayPool<byte>.Shared.Rent(_length);
        frame.CopyTo(_gathered);
        return _gathered.AsMemory(0, _length);
    }
}
