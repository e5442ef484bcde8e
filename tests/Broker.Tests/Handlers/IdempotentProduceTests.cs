using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;
using KBroker.TestKit;

namespace KBroker.Broker.Tests.Handlers;

/// <summary>Batches with a producer id, as raw frames.</summary>
public sealed class IdempotentProduceTests : IAsyncLifetime
{
    private TestBroker _broker = null!;
    private RawClient _client = null!;

    public async Task InitializeAsync()
    {
        _broker = await TestBroker.StartAsync();
        await _broker.CreateTopicAsync("t");
        _client = await _broker.ConnectAsync();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Produce_BatchAgain_IsAnsweredWithItsOffsetAndNotStored(short acks)
    {
        for (int i = 0; i < 5; i++) Assert.Equal((ErrorCode.None, i * 2), await ProduceAsync(Batch(7, 0, i * 2, 2), acks));
        for (int i = 0; i < 5; i++) Assert.Equal((ErrorCode.None, i * 2), await ProduceAsync(Batch(7, 0, i * 2, 2), acks));
        Assert.Equal((ErrorCode.None, 10), await ProduceAsync(Batch(7, 0, 10), acks));
    }

    [Fact]
    public async Task Produce_SequenceWithGap_IsRefused()
    {
        await ProduceAsync(Batch(7, 0, 0));
        Assert.Equal((ErrorCode.OutOfOrderSequenceNumber, -1), await ProduceAsync(Batch(7, 0, 2)));
        Assert.Equal((ErrorCode.OutOfOrderSequenceNumber, -1), await ProduceAsync(Batch(7, 1, 1)));
        Assert.Equal((ErrorCode.None, 1), await ProduceAsync(Batch(7, 0, 1)));
    }

    [Fact]
    public async Task Produce_OldEpoch_IsFenced()
    {
        await ProduceAsync(Batch(7, 3, 0));
        Assert.Equal((ErrorCode.InvalidProducerEpoch, -1), await ProduceAsync(Batch(7, 2, 1)));
    }

    [Fact]
    public async Task Produce_OldEpochWithoutAcks_ClosesTheConnection()
    {
        await ProduceAsync(Batch(7, 3, 0));
        await _client.SendAsync(Request("t", Batch(7, 2, 1), 0), 9);
        Assert.Empty(await _client.ReadToEndAsync());
    }

    [Fact]
    public async Task Produce_TransactionalBatch_IsRefusedWhileNobodyKnowsItsTransaction()
    {
        ProduceRequest request = Request("t", Batch(7, 0, 0, transactional: true), 1);
        request.TransactionalId = "mine";
        ProduceResponse response = await _client.CallAsync<ProduceResponse>(request, 9);
        Assert.Equal(ErrorCode.NotEnoughReplicas, response.Responses[0].PartitionResponses[0].ErrorCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Produce_AgainAfterRestart_IsStillRecognised(bool clean)
    {
        await ProduceAsync(Batch(7, 2, 0));
        await ProduceAsync(Batch(7, 2, 1));
        await _client.DisposeAsync();
        if (clean) await _broker.RestartAsync();
        else await _broker.CrashAsync();
        _client = await _broker.ConnectAsync();
        Assert.Equal((ErrorCode.None, 1), await ProduceAsync(Batch(7, 2, 1)));
        Assert.Equal((ErrorCode.InvalidProducerEpoch, -1), await ProduceAsync(Batch(7, 1, 2)));
        Assert.Equal((ErrorCode.OutOfOrderSequenceNumber, -1), await ProduceAsync(Batch(7, 2, 3)));
        Assert.Equal((ErrorCode.None, 2), await ProduceAsync(Batch(7, 2, 2)));
    }

    [Fact]
    public async Task Produce_TopicWithItsOwnCompression_KeepsTheProducer()
    {
        await _broker.CreateTopicAsync("zipped", 1, ("compression.type", "gzip"));
        Assert.Equal((ErrorCode.None, 0), await ProduceAsync(Batch(7, 4, 9, 20), topic: "zipped"));
        Assert.Equal((ErrorCode.None, 0), await ProduceAsync(Batch(7, 4, 9, 20), topic: "zipped"));
        Assert.Equal((ErrorCode.None, 20), await ProduceAsync(Batch(7, 4, 29), topic: "zipped"));
        FetchResponse response = await _client.CallAsync<FetchResponse>(
            new FetchRequest { MaxBytes = 1000, Topics = [new() { Topic = "zipped", Partitions = [new() { PartitionMaxBytes = 1000 }] }] }, 11);
        ReadOnlyMemory<byte> records = response.Responses[0].Partitions[0].Records.Memory;
        Assert.Equal(
            (CompressionType.Gzip, 7L, (short)4, 9, 28),
            (new RecordBatchHeader(records.Span).CompressionType,
                new RecordBatchHeader(records.Span).ProducerId,
                new RecordBatchHeader(records.Span).ProducerEpoch,
                new RecordBatchHeader(records.Span).BaseSequence,
                new RecordBatchHeader(records.Span).LastSequence));
    }

    private static byte[] Batch(long producerId, short epoch, int sequence, int count = 1, bool transactional = false)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions
        {
            ProducerId = producerId,
            ProducerEpoch = epoch,
            BaseSequence = sequence,
            IsTransactional = transactional,
        });
        for (int i = 0; i < count; i++) builder.Append(Records.Time, [1], new byte[20]);
        return builder.ToArray();
    }

    private static ProduceRequest Request(string topic, byte[] batch, short acks) => new()
    {
        Acks = acks,
        TimeoutMs = 10_000,
        TopicData = [new() { Name = topic, PartitionData = [new() { Index = 0, Records = new RecordsData(batch) }] }],
    };

    private async Task<(ErrorCode, long)> ProduceAsync(byte[] batch, short acks = 1, string topic = "t")
    {
        ProduceResponse response = await _client.CallAsync<ProduceResponse>(Request(topic, batch, acks), 9);
        return (response.Responses[0].PartitionResponses[0].ErrorCode, response.Responses[0].PartitionResponses[0].BaseOffset);
    }
}
