using System.Text;
using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Transactions;

/// <summary>Transactions of Confluent.Kafka that do not go the ordinary way.</summary>
public sealed class TransactionTests(TransactionClientTests.Fixture fixture) : IClassFixture<TransactionClientTests.Fixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly DotnetTransactions Reader = new DotnetTransactions();

    [Fact]
    public async Task NextProducerOfAnIdTakesOver_TheOneBeforeIsFencedAndItsTransactionAborted()
    {
        BrokerProcess broker = fixture.Broker;
        string topic = await fixture.NewTopicAsync();
        await Task.Run(() =>
        {
            using IProducer<byte[]?, byte[]?> zombie = TransactionalWriter.NewProducer(broker, $"id-{topic}");
            Begin(zombie, topic, "of the zombie");
            using IProducer<byte[]?, byte[]?> next = TransactionalWriter.NewProducer(broker, $"id-{topic}");
            Begin(next, topic, "of the next");

            KafkaException late = Assert.ThrowsAny<KafkaException>(() => zombie.CommitTransaction(Limit));
            Assert.True(late.Error.IsFatal, late.Error.ToString());
            Assert.Equal(ErrorCode.Local_Fenced, late.Error.Code);
            next.CommitTransaction(Limit);
        });

        Assert.Equal(["of the next"], await Reader.ReadAsync(broker, topic, "read_committed"));
        Assert.Equal(["of the next", "of the zombie"], await SortedAsync(broker, topic, "read_uncommitted"));
    }

    [Fact]
    public async Task ProducerFallsSilent_ItsTransactionIsAbortedAfterItsTimeoutAndItCannotCommit()
    {
        BrokerProcess broker = fixture.Broker;
        string topic = await fixture.NewTopicAsync();
        await Task.Run(() =>
        {
            using IProducer<byte[]?, byte[]?> silent = TransactionalWriter.NewProducer(broker, $"id-{topic}", timeoutMs: 3_000);
            Begin(silent, topic, "too late");
            using IConsumer<byte[]?, byte[]?> committed = Dotnet.NewCommittedConsumer(broker);
            // One record and the marker that ends it: those who read committed records are let past both.
            Until(() => End(committed, topic) == 2, "the transaction to be aborted");

            Assert.ThrowsAny<KafkaException>(() => silent.CommitTransaction(Limit));
            using IProducer<byte[]?, byte[]?> next = TransactionalWriter.NewProducer(broker, $"id-{topic}");
            Begin(next, topic, "in time");
            next.CommitTransaction(Limit);
        });

        Assert.Equal(["in time"], await Reader.ReadAsync(broker, topic, "read_committed"));
    }

    [Fact]
    public async Task TransactionIsOpen_WhoAsksForCommittedEndsGetsItsStart()
    {
        BrokerProcess broker = fixture.Broker;
        string topic = await fixture.NewTopicAsync();
        await new Dotnet().ProduceAsync(broker, topic, [Record("first")]);
        await Task.Run(async () =>
        {
            using IConsumer<byte[]?, byte[]?> committed = Dotnet.NewCommittedConsumer(broker);
            using IConsumer<byte[]?, byte[]?> all = Dotnet.NewCommittedConsumer(broker, IsolationLevel.ReadUncommitted);
            using IProducer<byte[]?, byte[]?> producer = TransactionalWriter.NewProducer(broker, $"id-{topic}");
            Begin(producer, topic, "second");
            await new Dotnet().ProduceAsync(broker, topic, [Record("third")]);

            Assert.Equal((1, 3), (End(committed, topic), End(all, topic)));
            Assert.Equal(["first"], await Reader.ReadAsync(broker, topic, "read_committed"));

            producer.CommitTransaction(Limit);
            Assert.Equal((4, 4), (End(committed, topic), End(all, topic)));
        });
        Assert.Equal(["first", "second", "third"], await Reader.ReadAsync(broker, topic, "read_committed"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OffsetsAreSentToATransaction_TheyCountWhenItCommits(bool commits)
    {
        BrokerProcess broker = fixture.Broker;
        string topic = await fixture.NewTopicAsync();
        await new Dotnet().ProduceAsync(broker, topic, [.. Enumerable.Range(0, 9).Select(i => Record($"{i}"))]);
        await Task.Run(() =>
        {
            using IConsumer<byte[]?, byte[]?> member = Dotnet.NewMember(broker, topic, $"g-{topic}");
            Assert.NotNull(member.Consume(Limit));
            using IProducer<byte[]?, byte[]?> producer = TransactionalWriter.NewProducer(broker, $"id-{topic}");
            Begin(producer, topic, "copy");
            TransactionalWriter.Repeat(() => producer.SendOffsetsToTransaction([new(topic, 0, 5)], member.ConsumerGroupMetadata, Limit));

            // Who wants stable offsets waits; who does not gets what was there before.
            Assert.ThrowsAny<KafkaException>(() => member.Committed([new(topic, 0)], TimeSpan.FromSeconds(1)));
            if (commits) producer.CommitTransaction(Limit);
            else producer.AbortTransaction(Limit);

            Offset found = Assert.Single(member.Committed([new(topic, 0)], Limit)).Offset;
            Assert.Equal(commits ? new Offset(5) : Offset.Unset, found);
            member.Close();
        });
    }

    private static ClientRecord Record(string value) => new(0, -1, -1, null, Encoding.UTF8.GetBytes(value));

    private static void Begin(IProducer<byte[]?, byte[]?> producer, string topic, string value)
    {
        producer.BeginTransaction();
        DeliveryResult<byte[]?, byte[]?> written = producer.ProduceAsync(new TopicPartition(topic, 0), new() { Value = Encoding.UTF8.GetBytes(value) })
            .WaitAsync(Limit).GetAwaiter().GetResult();
        Assert.Equal(PersistenceStatus.Persisted, written.Status);
    }

    private static long End(IConsumer<byte[]?, byte[]?> consumer, string topic) => consumer.QueryWatermarkOffsets(new(topic, 0), Limit).High;

    private static void Until(Func<bool> condition, string what)
    {
        Deadline.UntilAsync(condition, what).GetAwaiter().GetResult();
    }

    private static async Task<List<string>> SortedAsync(BrokerProcess broker, string topic, string isolation)
    {
        List<string> values = await Reader.ReadAsync(broker, topic, isolation);
        values.Sort(StringComparer.Ordinal);
        return values;
    }
}
