using System.Buffers.Binary;
using System.Diagnostics;
using KBroker.Broker.Connections.Memory;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Connections;

[Collection(MemoryCollection.Name)]
public sealed class RequestMemoryTests
{
    [Fact]
    public async Task Frames_OfAnySizeInAnyPieces_ArriveWhole()
    {
        var random = new Random(7);
        var sent = new List<byte[]>();
        var seen = new List<byte[]>();
        var stream = new MemoryStream();
        for (int i = 0; i < 150; i++)
        {
            int size = 10 + (i % 3) switch { 0 => random.Next(200), 1 => random.Next(3900, 4300), _ => random.Next(300_000) };
            byte[] frame = RawProduce(size, size);
            random.NextBytes(frame.AsSpan(14));
            sent.Add(frame[14..]);
            stream.Write(frame);
        }

        await using ServerFixture server = ServerFixture.Start([ScriptedHandler.RawProduce(body => seen.Add(body.ToArray()))]);
        await using RawClient client = await server.ConnectAsync();
        byte[] all = stream.ToArray();
        Task sending = Task.Run(async () =>
        {
            for (int at = 0; at < all.Length;)
            {
                int piece = Math.Min(all.Length - at, random.Next(4) == 0 ? random.Next(1, 100) : random.Next(1, 100_000));
                await client.SendBytesAsync(all.AsMemory(at, piece));
                at += piece;
            }
        });
        for (int i = 0; i < sent.Count; i++) Assert.NotNull(await client.ReceiveFrameAsync());
        await sending;
        Assert.Equal(sent, seen);
        Assert.Equal(0, server.Budget.UsedBytes);
    }

    [Fact]
    public async Task Frames_AnnouncedLargeThenSilent_CostNoMemory()
    {
        await using ServerFixture server = ServerFixture.Start([ScriptedHandler.RawProduce(_ => { })]);
        await using (RawClient warm = await server.ConnectAsync()) await warm.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        var clients = new List<RawClient>();
        long before = ResidentBytes();
        for (int i = 0; i < 50; i++)
        {
            RawClient client = await server.ConnectAsync();
            clients.Add(client);
            await client.SendBytesAsync(RawProduce(100 << 20, 100));
        }

        await Eventually.TrueAsync(() => server.Budget.UsedBytes >= 50L << 20, "fifty announced frames");
        Assert.InRange(ResidentBytes() - before, long.MinValue, 48L << 20);

        // Others are served: small requests, and large ones, since announcing alone holds little of the budget.
        await using RawClient other = await server.ConnectAsync();
        await other.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        await other.SendBytesAsync(RawProduce(5 << 20, 5 << 20));
        Assert.NotNull(await other.ReceiveFrameAsync());
        foreach (RawClient client in clients) await client.DisposeAsync();
        await Eventually.TrueAsync(() => server.Listener.ConnectionCount == 1, "the silent to go");
        Assert.Equal(0, server.Budget.UsedBytes);
    }

    [Fact]
    public async Task Budget_Spent_LargeFramesWaitAndSmallOnesDoNot()
    {
        const int Size = 1_500_000;
        int large = 0;
        await using ServerFixture server = ServerFixture.Start(
            [ScriptedHandler.RawProduce(_ => Interlocked.Increment(ref large))], budgetBytes: 2 << 20);
        await using RawClient first = await server.ConnectAsync();
        await using RawClient second = await server.ConnectAsync();
        await using RawClient third = await server.ConnectAsync();
        byte[] frame = RawProduce(Size, Size);
        await first.SendBytesAsync(frame.AsMemory(0, 1_000_000));
        await Eventually.TrueAsync(() => server.Budget.UsedBytes == 4 + Size, "the first reservation");
        await second.SendBytesAsync(frame.AsMemory(0, 1_000_000));
        await Eventually.TrueAsync(() => server.Budget.UsedBytes == 2 * (4 + Size), "the one that may overdraw");
        Task sending = third.SendBytesAsync(frame);
        await Eventually.TrueAsync(() => server.Budget.Waiting == 1, "the third to wait");

        await using RawClient small = await server.ConnectAsync();
        await small.SendBytesAsync(RawProduce(60_000, 60_000));
        Assert.NotNull(await small.ReceiveFrameAsync());
        Assert.Equal(1, Volatile.Read(ref large));

        await second.SendBytesAsync(frame.AsMemory(1_000_000));
        Assert.NotNull(await second.ReceiveFrameAsync());
        Assert.NotNull(await third.ReceiveFrameAsync());
        await sending;
        await first.SendBytesAsync(frame.AsMemory(1_000_000));
        Assert.NotNull(await first.ReceiveFrameAsync());
        Assert.Equal(0, server.Budget.UsedBytes);
    }

    [Fact]
    public async Task Budget_WaiterCancelled_ChargesNothingAndLetsTheNextIn()
    {
        var budget = new RequestMemoryBudget(100);
        var holder = new FrameReservation();
        var overdrawing = new FrameReservation();
        Assert.True(budget.TryReserve(holder, 90));
        Assert.True(budget.TryReserve(overdrawing, 50));
        var next = new FrameReservation();
        Assert.False(budget.TryReserve(next, 20));
        using var cancellation = new CancellationTokenSource();
        var cancelled = new FrameReservation();
        Task gone = budget.ReserveAsync(cancelled, 30, cancellation.Token).AsTask();
        Task waiting = budget.ReserveAsync(next, 20, default).AsTask();
        Assert.Equal(2, budget.Waiting);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        Assert.False(waiting.IsCompleted);
        budget.Release(overdrawing);
        await waiting.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(110, budget.UsedBytes);
        budget.Release(next);
        budget.Release(holder);
        budget.Release(cancelled);
        Assert.Equal((0L, 0), (budget.UsedBytes, budget.Waiting));
    }

    [Fact]
    public void Leases_AreReusedBoundedAndTrimmed()
    {
        var time = new ManualTimeProvider();
        using var pool = new FrameLeasePool(time, maxKeptBytes: 3 << 20);
        FrameLease[] leases = [pool.Rent(1 << 20), pool.Rent((1 << 20) - 5), pool.Rent(900_000), pool.Rent(1_000_000)];
        Assert.All(leases, lease => Assert.Equal(1 << 20, lease.Capacity));
        foreach (FrameLease lease in leases) pool.Return(lease, 1);
        Assert.Equal(3 << 20, pool.KeptBytes);
        FrameLease again = pool.Rent(1 << 20);
        Assert.Contains(again, leases);
        pool.Return(again, 0);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(0, pool.KeptBytes);
        Assert.Throws<ObjectDisposedException>(() => again.GetSpan().Length);
    }

    internal static byte[] RawProduce(int announced, int sent)
    {
        var frame = new byte[4 + sent];
        BinaryPrimitives.WriteInt32BigEndian(frame, announced);
        BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(4), (short)ApiKey.Produce);
        BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(6), 3);
        BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(12), -1);
        return frame;
    }

    private static long ResidentBytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
