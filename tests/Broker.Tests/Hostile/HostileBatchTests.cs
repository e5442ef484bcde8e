using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;
using KBroker.TestKit;
using static KBroker.Protocol.Records.RecordBatchFormat;

namespace KBroker.Broker.Tests.Hostile;

/// <summary>Batches that lie, sent to a whole broker: each is refused with its code, and nothing of it is stored.</summary>
[Collection(MemoryCollection.Name)]
public sealed class HostileBatchTests(HostileBroker broker) : IClassFixture<HostileBroker>
{
    private static readonly Dictionary<string, (ErrorCode Expected, Func<byte[]?> Build)> Damaged = new()
    {
        ["records null"] = (ErrorCode.InvalidRecord, () => null),
        ["records empty"] = (ErrorCode.InvalidRecord, () => []),
        ["two batches"] = (ErrorCode.InvalidRecord, () => [.. HostileBatch.Valid(), .. HostileBatch.Valid()]),
        ["magic 0"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid().With(MagicOffset, (sbyte)0)),
        ["magic 1"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid().With(MagicOffset, (sbyte)1)),
        ["magic 3"] = (ErrorCode.CorruptMessage, () => HostileBatch.Valid().With(MagicOffset, (sbyte)3)),
        ["magic 127"] = (ErrorCode.CorruptMessage, () => HostileBatch.Valid().With(MagicOffset, sbyte.MaxValue)),
        ["magic -1"] = (ErrorCode.CorruptMessage, () => HostileBatch.Valid().With(MagicOffset, (sbyte)-1)),
        ["CRC wrong"] = (ErrorCode.CorruptMessage, () => HostileBatch.Valid().With(CrcOffset, 12345)),
        ["length 48"] = (ErrorCode.CorruptMessage, () => HostileBatch.Valid().With(LengthOffset, 48)),
        ["length 0"] = (ErrorCode.CorruptMessage, () => HostileBatch.Valid().With(LengthOffset, 0)),
        ["length -1"] = (ErrorCode.CorruptMessage, () => HostileBatch.Valid().With(LengthOffset, -1)),
        ["length int.MinValue"] = (ErrorCode.CorruptMessage, () => HostileBatch.Valid().With(LengthOffset, int.MinValue)),
        ["length int.MaxValue"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid().With(LengthOffset, int.MaxValue)),
        ["length above the rest by one"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid()[..^1]),
        ["last offset delta not count - 1"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid().With(LastOffsetDeltaOffset, 7).Seal()),
        ["last offset delta int.MaxValue"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid().With(LastOffsetDeltaOffset, int.MaxValue).Seal()),
        ["count int.MaxValue"] = (ErrorCode.InvalidRecord,
            () => HostileBatch.Valid().With(LastOffsetDeltaOffset, int.MaxValue - 1).With(RecordCountOffset, int.MaxValue).Seal()),
        ["count 0"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid().With(LastOffsetDeltaOffset, -1).With(RecordCountOffset, 0).Seal()),
        ["base offset 1"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid().With(BaseOffsetOffset, 1L)),
        ["base offset long.MaxValue"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid().With(BaseOffsetOffset, long.MaxValue)),
        ["record longer than the batch"] = (ErrorCode.InvalidRecord, () => HostileBatch.Around([0x7E, 0, 0, 0, 1, 1], 1)),
        ["record length negative"] = (ErrorCode.InvalidRecord, () => HostileBatch.Around([0x01, 0, 0, 0, 1, 1], 1)),
        ["record length of 2 GB in gzip"] = (ErrorCode.InvalidRecord,
            () => HostileBatch.Around(HostileBatch.Gzip([0xFE, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 0, 1, 1, 0]), 1, CompressionType.Gzip)),
        ["record length varint of 11 bytes in gzip"] = (ErrorCode.InvalidRecord,
            () => HostileBatch.Around(HostileBatch.Gzip([.. Enumerable.Repeat((byte)0x80, 11), 0]), 1, CompressionType.Gzip)),
        ["control batch"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid().With(AttributesOffset, (short)0x20).Seal()),
        ["forged COMMIT marker"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid(
            new RecordBatchOptions { ProducerId = 1, ProducerEpoch = 0, BaseSequence = -1, IsTransactional = true, IsControl = true })),
        ["compression 5"] = (ErrorCode.UnsupportedCompressionType, () => HostileBatch.Valid().With(AttributesOffset, (short)5).Seal()),
        ["compression 6"] = (ErrorCode.UnsupportedCompressionType, () => HostileBatch.Valid().With(AttributesOffset, (short)6).Seal()),
        ["compression 7"] = (ErrorCode.UnsupportedCompressionType, () => HostileBatch.Valid().With(AttributesOffset, (short)7).Seal()),
        ["gzip declared, plain body"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid().With(AttributesOffset, (short)1).Seal()),
        ["snappy declared, plain body"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid().With(AttributesOffset, (short)2).Seal()),
        ["lz4 declared, plain body"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid().With(AttributesOffset, (short)3).Seal()),
        ["zstd declared, plain body"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid().With(AttributesOffset, (short)4).Seal()),
        ["gzip declared, body zstd"] = (ErrorCode.InvalidRecord,
            () => HostileBatch.Valid(new RecordBatchOptions { CompressionType = CompressionType.Zstd }).With(AttributesOffset, (short)1).Seal()),
        ["gzip of a batch in gzip"] = (ErrorCode.InvalidRecord, () => HostileBatch.Around(
            HostileBatch.Gzip(HostileBatch.Valid(new RecordBatchOptions { CompressionType = CompressionType.Gzip })), 1, CompressionType.Gzip)),
        ["compressed batch without records"] = (ErrorCode.InvalidRecord, () => HostileBatch.Around(HostileBatch.Gzip([]), 0, CompressionType.Gzip)),
        ["compressed batch that says 1, holds 0"] = (ErrorCode.InvalidRecord, () => HostileBatch.Around(HostileBatch.Gzip([]), 1, CompressionType.Gzip)),
        ["sequence -1"] = (ErrorCode.InvalidRecord,
            () => HostileBatch.Valid().With(ProducerIdOffset, 5L).With(ProducerEpochOffset, (short)0).Seal()),
        ["producer epoch -1"] = (ErrorCode.InvalidRecord, () => HostileBatch.Valid().With(ProducerIdOffset, 5L).With(BaseSequenceOffset, 0).Seal()),
        ["timestamp long.MinValue"] = (ErrorCode.InvalidTimestamp, () => HostileBatch.Valid().With(BaseTimestampOffset, long.MinValue).Seal()),
        ["timestamp long.MaxValue"] = (ErrorCode.InvalidTimestamp, () => HostileBatch.Valid().With(BaseTimestampOffset, long.MaxValue).Seal()),
        ["timestamp delta that overflows"] = (ErrorCode.InvalidTimestamp, () => HostileBatch.Around(
            [12, 0, 20, 0, 1, 1, 0], 1).With(BaseTimestampOffset, long.MaxValue - 2).Seal()),
        ["LogAppendTime set by the client"] = (ErrorCode.InvalidTimestamp, () => HostileBatch.Valid().With(AttributesOffset, (short)8).Seal()),
        ["transactional without transactional id"] = (ErrorCode.TransactionalIdAuthorizationFailed, () => HostileBatch.Valid(
            new RecordBatchOptions { ProducerId = 1, ProducerEpoch = 0, BaseSequence = 0, IsTransactional = true })),
        ["noise"] = (ErrorCode.CorruptMessage, () => [.. Enumerable.Repeat((byte)0xEE, 300)]),
    };

    public static TheoryData<string> Cases => [.. Damaged.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Batch_Damaged_IsRefusedAndNothingIsStored(string what)
    {
        (ErrorCode expected, Func<byte[]?> build) = Damaged[what];
        long end = await broker.EndOffsetAsync(HostileBroker.Target);
        await using RawClient client = await broker.ConnectAsync();
        ProduceResponse.PartitionProduceResponse answer = await HostileBroker.ProduceAsync(client, HostileBroker.Target, build());
        Assert.Equal((what, expected), (what, answer.ErrorCode));
        Assert.Equal(-1, answer.BaseOffset);
        await broker.AssertUnharmedAsync();
        Assert.Equal(end, await broker.EndOffsetAsync(HostileBroker.Target));

        // The same connection goes on.
        Assert.Equal(ErrorCode.None, (await HostileBroker.ProduceAsync(client, HostileBroker.Target, HostileBatch.Valid())).ErrorCode);
    }

    [Fact]
    public async Task ProducerId_WithoutState_BeginsOneWhereItIs()
    {
        await using RawClient client = await broker.ConnectAsync();
        byte[] batch = HostileBatch.Valid(new RecordBatchOptions { ProducerId = 4711, ProducerEpoch = 0, BaseSequence = 50 });
        ProduceResponse.PartitionProduceResponse first = await HostileBroker.ProduceAsync(client, HostileBroker.Target, [.. batch]);
        ProduceResponse.PartitionProduceResponse again = await HostileBroker.ProduceAsync(client, HostileBroker.Target, [.. batch]);
        Assert.Equal((ErrorCode.None, ErrorCode.None, first.BaseOffset), (first.ErrorCode, again.ErrorCode, again.BaseOffset));
        await broker.AssertUnharmedAsync();
    }

    [Theory]
    [InlineData((short)2)]
    [InlineData((short)-5)]
    [InlineData(short.MaxValue)]
    public async Task Acks_NeitherZeroOneNorAll_IsRefused(short acks)
    {
        long end = await broker.EndOffsetAsync(HostileBroker.Target);
        await using RawClient client = await broker.ConnectAsync();
        ProduceResponse.PartitionProduceResponse answer = await HostileBroker.ProduceAsync(client, HostileBroker.Target, HostileBatch.Valid(), acks: acks);
        Assert.Equal(ErrorCode.InvalidRequiredAcks, answer.ErrorCode);
        Assert.Equal(end, await broker.EndOffsetAsync(HostileBroker.Target));
        await broker.AssertUnharmedAsync();
    }

    [Fact]
    public async Task BatchSize_LimitAndOneAbove_IsTakenAndRefused()
    {
        await using RawClient client = await broker.ConnectAsync();
        byte[] fits = HostileBatch.OfSize(HostileBroker.SmallLimit);
        Assert.Equal(ErrorCode.None, (await HostileBroker.ProduceAsync(client, HostileBroker.Small, fits)).ErrorCode);
        byte[] above = HostileBatch.OfSize(HostileBroker.SmallLimit + 1);
        Assert.Equal(ErrorCode.MessageTooLarge, (await HostileBroker.ProduceAsync(client, HostileBroker.Small, above)).ErrorCode);
        await broker.AssertUnharmedAsync();
    }

    [Fact]
    public async Task CompactedTopic_RecordWithoutKey_IsRefusedByIndex()
    {
        await using RawClient client = await broker.ConnectAsync();
        ProduceResponse.PartitionProduceResponse answer =
            await HostileBroker.ProduceAsync(client, HostileBroker.Compacted, HostileBatch.Valid(withKey: false, count: 2));
        Assert.Equal(ErrorCode.InvalidRecord, answer.ErrorCode);
        Assert.Equal([0, 1], answer.RecordErrors.Select(error => error.BatchIndex));
        Assert.Equal(0, await broker.EndOffsetAsync(HostileBroker.Compacted));
        await broker.AssertUnharmedAsync();
    }

    [Theory]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Zstd)]
    [InlineData(CompressionType.Lz4)]
    public async Task Bomb_OfManyMegabytes_IsRefusedInLittleMemory(CompressionType type)
    {
        // One record whose value is 300 MB of zeros.
        byte[] bomb = HostileBatch.Bomb(type, 300 << 20);
        await using RawClient client = await broker.ConnectAsync();
        long before = GC.GetTotalAllocatedBytes(precise: true);
        ProduceResponse.PartitionProduceResponse answer = await HostileBroker.ProduceAsync(client, HostileBroker.Target, bomb);
        Assert.Contains(answer.ErrorCode, (ErrorCode[])[ErrorCode.InvalidRecord, ErrorCode.MessageTooLarge]);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, (16L * bomb.Length) + (16 << 20));
        await broker.AssertUnharmedAsync();
    }

    [Fact]
    public async Task OneOfManyPartitions_Damaged_OnlyThatIsRefused()
    {
        await using RawClient client = await broker.ConnectAsync();
        ProduceRequest request = HostileBroker.ProduceRequest(HostileBroker.Target, HostileBatch.Valid());
        request.TopicData = [.. request.TopicData, .. HostileBroker.ProduceRequest(HostileBroker.Compacted, HostileBatch.Valid().With(CrcOffset, 1)).TopicData,
            .. HostileBroker.ProduceRequest("no-such-topic", HostileBatch.Valid()).TopicData];
        ProduceResponse response = await client.CallAsync<ProduceResponse>(request, 9);
        Assert.Equal(
            [ErrorCode.None, ErrorCode.CorruptMessage, ErrorCode.UnknownTopicOrPartition],
            response.Responses.Select(topic => topic.PartitionResponses.Single().ErrorCode));
        await broker.AssertUnharmedAsync();
    }
}
