using System.IO.Pipelines;
using System.Net;
using KBroker.Broker.Connections;
using KBroker.Broker.Connections.Memory;
using KBroker.Broker.Connections.Sockets;
using KBroker.Broker.Handlers;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Connections;

public sealed class ConnectionAllocationTests
{
    // Below the number after which a connection yields its thread, so that all of it runs on this one.
    private const int Most = 120;

    // Unoptimized code has its async state machines on the heap.
#if DEBUG
    private const int AllowedBytes = 600;
#else
    private const int AllowedBytes = 8;
#endif

    [Theory]
    [InlineData(40)]
    [InlineData(30_000)]
    public void Request_AnsweredAtOnce_AllocatesNothing(int bodySize)
    {
        Measure(Most, bodySize);
        long few = Measure(10, bodySize);
        long many = Measure(Most, bodySize);
        Assert.InRange((many - few) / (Most - 10), 0, AllowedBytes);
    }

    private static long Measure(int requests, int bodySize)
    {
        var response = new HeartbeatResponse();
        var handler = new ScriptedHandler(ApiKey.Heartbeat, _ => new(PendingResponse.Ready(response)));
        HandlerTable table = HandlerTable.Create([handler], served => new ApiVersionsHandler(served, null, -1));
        using var leases = new FrameLeasePool(TimeProvider.System);
        byte[] header = RequestFrame.Write(ScriptedHandler.Request(0), 4, 1, "client");
        byte[] frame = [.. header, .. new byte[bodySize]];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        var transport = new RepeatingTransport(frame, requests, leases);
        var connection = new KafkaConnection(
            transport, "1", new ListenerOptions("TEST", "", 0), table, new ConnectionOptions(),
            new ConnectionLog(NullLogger.Instance, "TEST", TimeProvider.System));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Task run = connection.RunAsync();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(run.IsCompletedSuccessfully);
        Assert.Equal(requests, transport.Responses);
        return allocated;
    }

    /// <summary>Delivers one frame again and again without waiting, and takes responses without waiting.</summary>
    private sealed class RepeatingTransport : ITransportConnection, IByteReceiver
    {
        private readonly byte[] _frame;
        private readonly long _total;
        private readonly LeasePipeReader _input;
        private long _delivered;

        public RepeatingTransport(byte[] frame, int times, FrameLeasePool leases)
        {
            _frame = frame;
            _total = (long)frame.Length * times;
            _input = new LeasePipeReader(this, leases, new RequestMemoryBudget(1 << 20), default);
        }

        public int Responses { get; private set; }

        public PipeReader Input => _input;

        public EndPoint? RemoteEndPoint => null;

        public EndPoint? LocalEndPoint => null;

        public long BytesReceived => _delivered;

        public long BytesSent => 0;

        public bool IsReadingHeldBack => false;

        public ValueTask<int> ReceiveAsync(Memory<byte> buffer)
        {
            int at = (int)(_delivered % _frame.Length);
            int size = (int)Math.Min(Math.Min(buffer.Length, _frame.Length - at), _total - _delivered);
            _frame.AsSpan(at, size).CopyTo(buffer.Span);
            _delivered += size;
            return new(size);
        }

        public ValueTask SendAsync(ResponseBuffer frame)
        {
            Responses++;
            return ValueTask.CompletedTask;
        }

        public void StopReading() => _input.CancelPendingRead();

        public void Abort() => _input.CancelPendingRead();

        public ValueTask DisposeAsync()
        {
            _input.Complete();
            return ValueTask.CompletedTask;
        }
    }
}
