using System.IO.Pipelines;
using System.Net;
using KBroker.Broker.Connections;

namespace KBroker.TestKit;

/// <summary>
/// The broker's end of a connection without a network: two pipes. The client's end is <see cref="ClientStream"/>. Pipes hold at
/// most <c>window</c> bytes in each direction, so that both sides can be back-pressured.
/// </summary>
public sealed class InMemoryConnection : ITransportConnection
{
    private readonly Pipe _toBroker;
    private readonly Pipe _toClient;
    private readonly CountingReader _input;
    private long _bytesSent;
    private int _aborted;

    public InMemoryConnection(int window = 64 << 10, EndPoint? remote = null)
    {
        var options = new PipeOptions(
            readerScheduler: PipeScheduler.ThreadPool, writerScheduler: PipeScheduler.ThreadPool,
            pauseWriterThreshold: window, resumeWriterThreshold: (window / 2) + 1, useSynchronizationContext: false);
        _toBroker = new Pipe(options);
        _toClient = new Pipe(options);
        _input = new CountingReader(_toBroker.Reader);
        RemoteEndPoint = remote;
        ClientStream = new DuplexStream(_toClient.Reader.AsStream(), _toBroker.Writer.AsStream());
    }

    /// <summary>What the client reads and writes; closing it ends the connection.</summary>
    public Stream ClientStream { get; }

    public PipeReader Input => _input;

    public EndPoint? RemoteEndPoint { get; }

    public EndPoint? LocalEndPoint => null;

    public long BytesReceived => _input.BytesSeen;

    public long BytesSent => Volatile.Read(ref _bytesSent);

    public bool IsReadingHeldBack => false;

    public async ValueTask SendAsync(ResponseBuffer frame)
    {
        int position = 0;
        foreach (ResponseBuffer.Splice splice in frame.Splices)
        {
            await WriteAsync(frame.Bytes[position..splice.Position]);
            position = splice.Position;
            var records = new byte[splice.Source.Length];
            if (splice.Source.Read(records, 0) != records.Length) throw new IOException("The source is too short.");
            await WriteAsync(records);
        }

        await WriteAsync(frame.Bytes[position..]);
    }

    public void StopReading() => _toBroker.Reader.CancelPendingRead();

    public void Abort()
    {
        if (Interlocked.Exchange(ref _aborted, 1) != 0) return;
        _toBroker.Reader.CancelPendingRead();
        _toClient.Writer.CancelPendingFlush();
        _toClient.Writer.Complete();
    }

    public ValueTask DisposeAsync()
    {
        _toBroker.Reader.Complete();
        if (Volatile.Read(ref _aborted) == 0) _toClient.Writer.Complete();
        return ValueTask.CompletedTask;
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        if (Volatile.Read(ref _aborted) != 0) throw new IOException("The connection is aborted.");
        FlushResult flushed = await _toClient.Writer.WriteAsync(bytes);
        if (flushed.IsCanceled || flushed.IsCompleted) throw new IOException("The client is gone.");
        Volatile.Write(ref _bytesSent, _bytesSent + bytes.Length);
    }

    /// <summary>Counts what has arrived, as a socket does.</summary>
    private sealed class CountingReader(PipeReader inner) : PipeReader
    {
        private long _consumed;
        private long _seen;
        private System.Buffers.ReadOnlySequence<byte> _buffer;

        public long BytesSeen => Volatile.Read(ref _seen);

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            _consumed += _buffer.Slice(0, consumed).Length;
            inner.AdvanceTo(consumed, examined);
        }

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
            See(await inner.ReadAsync(cancellationToken));

        public override bool TryRead(out ReadResult result)
        {
            bool read = inner.TryRead(out result);
            if (read) See(result);
            return read;
        }

        private ReadResult See(ReadResult result)
        {
            _buffer = result.Buffer;
            Volatile.Write(ref _seen, _consumed + result.Buffer.Length);
            return result;
        }
    }
}
