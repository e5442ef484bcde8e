using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Tests.Coordinators.Transactions;

public sealed class TransactionRecordsTests
{
    [Fact]
    public void Write_Transaction_IsInKafkasBytes()
    {
        CoordinatorRecord record = TransactionRecords.Write(Sample(TransactionState.Ongoing));
        Assert.Equal("000000027478", Convert.ToHexStringLower(record.Key));
        Assert.Equal(
            "0001" // version
            + "0000000000000007" // producer id
            + "0003" // epoch
            + "0000ea60" // timeout
            + "01" // Ongoing
            + "03" + "0261030000000100000002" + "00" + "02620200000000" + "00" // two topics
            + "0000000000000064" // last update
            + "0000000000000032" // start
            + "03" // tags: previous, next, client version
            + "00080000000000000006" + "010800000000000000ff" + "02020002",
            Convert.ToHexStringLower(record.Value!));
    }

    [Theory]
    [InlineData(TransactionState.Empty)]
    [InlineData(TransactionState.Ongoing)]
    [InlineData(TransactionState.PrepareCommit)]
    [InlineData(TransactionState.PrepareAbort)]
    [InlineData(TransactionState.CompleteCommit)]
    [InlineData(TransactionState.CompleteAbort)]
    public void Read_WhatWasWritten_IsTheSame(TransactionState state)
    {
        TransactionMetadata sample = Sample(state);
        (string id, TransactionMetadata? read) = TransactionRecords.Read(TransactionRecords.Write(sample))!.Value;
        Assert.Equal("tx", id);
        Assert.Equal(sample with { Partitions = read!.Partitions }, read);
        Assert.Equal(state == TransactionState.Empty ? [] : sample.Partitions.Order(Comparer), read.Partitions.Order(Comparer));
        Assert.Equal(Convert.ToHexString(TransactionRecords.Write(sample).Value!), Convert.ToHexString(TransactionRecords.Write(read).Value!));
    }

    [Fact]
    public void Read_Version0_OfKafkaBefore38_IsUnderstood()
    {
        var value = new TransactionLogValue
        {
            ProducerId = 7,
            ProducerEpoch = 3,
            TransactionTimeoutMs = 60_000,
            TransactionStatus = 2,
            TransactionPartitions = [new() { Topic = "a", PartitionIds = [1] }],
            TransactionLastUpdateTimestampMs = 100,
            TransactionStartTimestampMs = 50,
        };
        CoordinatorRecord record = CoordinatorRecord.Set(0, new TransactionLogKey { TransactionalId = "tx" }, 0, value);
        TransactionMetadata read = TransactionRecords.Read(record)!.Value.Metadata!;
        Assert.Equal(
            (new ProducerIdentity(7, 3), TransactionState.PrepareCommit, -1L, -1L, 0),
            (read.Producer, read.State, read.PreviousProducerId, read.NextProducerId, read.ClientTransactionVersion));
        Assert.Equal([new TopicPartition("a", 1)], read.Partitions);
    }

    [Fact]
    public void Read_Tombstone_Forgets() => Assert.Equal(("tx", (TransactionMetadata?)null), TransactionRecords.Read(TransactionRecords.Tombstone("tx")));

    [Fact]
    public void Read_LaterKindsAndVersions_ArePassedOver()
    {
        Assert.Null(TransactionRecords.Read(new CoordinatorRecord([0, 9, 1, 2, 3], [0, 0])));
        Assert.Null(TransactionRecords.Read(new CoordinatorRecord(TransactionRecords.Tombstone("tx").Key, [0, 9, 1, 2])));
    }

    [Theory]
    [InlineData("00", "")]
    [InlineData("0000", "")]
    [InlineData("000000027478", "00")]
    [InlineData("000000027478", "0001")]
    [InlineData("000000027478", "000000000000000000070003000000010900000000000000000000000000000000000000")]
    public void Read_Nonsense_IsMalformed(string key, string value) => Assert.ThrowsAny<MalformedMessageException>(
        () => TransactionRecords.Read(new CoordinatorRecord(Convert.FromHexString(key), Convert.FromHexString(value))));

    private static readonly Comparer<TopicPartition> Comparer =
        Comparer<TopicPartition>.Create((a, b) => string.CompareOrdinal($"{a.Topic}-{a.Partition}", $"{b.Topic}-{b.Partition}"));

    private static TransactionMetadata Sample(TransactionState state) => new()
    {
        TransactionalId = "tx",
        Producer = new ProducerIdentity(7, 3),
        PreviousProducerId = 6,
        NextProducerId = 255,
        TimeoutMs = 60_000,
        State = state,
        Partitions = state == TransactionState.Empty
            ? new HashSet<TopicPartition>()
            : new HashSet<TopicPartition> { new("b", 0), new("a", 2), new("a", 1) },
        StartTimestampMs = 50,
        LastUpdateTimestampMs = 100,
        ClientTransactionVersion = 2,
    };
}
