using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;
using KBroker.TestKit;

namespace KBroker.Fuzz.Tests.Serving;

/// <summary>
/// Another client, on another connection, that sings all the time: it writes a number and reads it back, and each time must
/// be done within a second. What the machine itself makes a thread wait is not held against the broker.
/// </summary>
internal sealed class Canary(IPEndPoint endPoint) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly StallMeter _stalls = new();
    private Task _singing = Task.CompletedTask;

    /// <summary>How many records are written and read back.</summary>
    public long Sung { get; private set; }

    public TimeSpan Slowest { get; private set; }

    public string? Failure { get; private set; }

    public void Start() => _singing = Task.Run(SingAsync);

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _singing;
    }

    /// <summary>Reads the topic from its start: exactly the numbers that were written, in order.</summary>
    public async Task AssertAllThereAsync(IPEndPoint at)
    {
        await using RawClient client = await RawClient.ConnectAsync(at);
        long next = 0;
        while (next < Sung)
        {
            byte[] records = await FetchAsync(client, next, 1 << 20);
            Assert.NotEmpty(records);
            foreach (long number in Numbers(records)) Assert.Equal(next++, number);
        }

        Assert.Equal(Sung, next);
        Assert.Empty(await FetchAsync(client, Sung, 1 << 20));
    }

    public void Dispose()
    {
        _stop.Dispose();
        _stalls.Dispose();
    }

    private async Task SingAsync()
    {
        try
        {
            await using RawClient client = await RawClient.ConnectAsync(endPoint);
            while (!_stop.IsCancellationRequested)
            {
                long started = Stopwatch.GetTimestamp();
                TimeSpan stalled = _stalls.Stalled;
                await ProduceAsync(client, Sung);
                byte[] records = await FetchAsync(client, Sung, 1 << 16);
                if (!Numbers(records).SequenceEqual([Sung])) throw new InvalidDataException($"Record {Sung} is not read back.");
                TimeSpan took = Stopwatch.GetElapsedTime(started);
                Sung++;
                if (took > Slowest) Slowest = took;
                // Each of the four switches between client and broker waits for a processor as long as that thread did.
                TimeSpan waited = (_stalls.Stalled - stalled) * 4;
                if (took > Limit + waited) throw new TimeoutException($"Produce and fetch took {took}; the machine stalled for {waited / 4}.");
                await Task.Delay(Interval);
            }
        }
        catch (Exception e)
        {
            Failure = e.ToString();
        }
    }

    private static async Task ProduceAsync(RawClient client, long number)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions());
        var value = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(value, number);
        builder.Append(DateTimeOffset.UnixEpoch.ToUnixTimeMilliseconds() + 1_700_000_000_000, null, value);
        ProduceResponse response = await client.CallAsync<ProduceResponse>(
            new ProduceRequest
            {
                Acks = -1,
                TimeoutMs = 1000,
                TopicData =
                [
                    new() { Name = FuzzBroker.CanaryTopic, PartitionData = [new() { Index = 0, Records = new RecordsData(builder.ToArray()) }] },
                ],
            },
            9);
        ProduceResponse.PartitionProduceResponse answer = response.Responses.Single().PartitionResponses.Single();
        if (answer.ErrorCode != ErrorCode.None || answer.BaseOffset != number)
            throw new InvalidDataException($"Record {number}: {answer.ErrorCode}, offset {answer.BaseOffset}.");
    }

    private static async Task<byte[]> FetchAsync(RawClient client, long offset, int maxBytes)
    {
        FetchResponse response = await client.CallAsync<FetchResponse>(
            new FetchRequest
            {
                MaxWaitMs = 0,
                MaxBytes = maxBytes,
                Topics = [new() { Topic = FuzzBroker.CanaryTopic, Partitions = [new() { FetchOffset = offset, PartitionMaxBytes = maxBytes }] }],
            },
            12);
        FetchResponse.PartitionData answer = response.Responses.Single().Partitions.Single();
        if (answer.ErrorCode != ErrorCode.None) throw new InvalidDataException($"Fetch at {offset}: {answer.ErrorCode}.");
        return answer.Records.Memory.ToArray();
    }

    private static List<long> Numbers(byte[] records)
    {
        var numbers = new List<long>();
        foreach (byte[] batch in StoredBatches.Split(records))
        {
            StoredBatches.Check(batch, "canary");
            // One record of 8 bytes without key: length, attributes, two deltas, no key, length, value, no headers.
            numbers.Add(BinaryPrimitives.ReadInt64BigEndian(batch.AsSpan(RecordBatchFormat.RecordsOffset + 6)));
        }

        return numbers;
    }
}
