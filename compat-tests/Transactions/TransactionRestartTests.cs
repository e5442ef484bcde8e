using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Transactions;

/// <summary>A broker that goes and comes back in the middle of everything: groups, offsets, producer ids and open transactions carry on.</summary>
public sealed class TransactionRestartTests
{
    private const int Partitions = 3;
    private const int Half = 60;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task BrokerIsStartedAgain_GroupsOffsetsProducersAndTransactionsGoOn(bool isKilled)
    {
        await using BrokerProcess broker = await TransactionBroker.StartAsync();
        await TransactionBroker.CreateTopicsAsync(broker, ("in", Partitions), ("numbers", 1), ("t", 1), ("stuck", 1));
        using var first = new Member(broker);
        using var second = new Member(broker);
        using IProducer<byte[]?, byte[]?> idempotent = new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig
        {
            BootstrapServers = broker.Bootstrap,
            EnableIdempotence = true,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        using IProducer<byte[]?, byte[]?> committing = await NewProducerAsync(broker, "committing");
        using IProducer<byte[]?, byte[]?> aborting = await NewProducerAsync(broker, "aborting");
        using IProducer<byte[]?, byte[]?> vanishing = await NewProducerAsync(broker, "vanishing", timeoutMs: 6_000);

        using IConsumer<byte[]?, byte[]?> copier = Dotnet.NewMember(broker, "numbers", "copier");
        string Story() => $"{first}; {second}; stuck ends at {Offsets(copier, "stuck")}. The broker said:\n{broker.Output}";
        await UntilAsync(() => first.Owned + second.Owned == Partitions && first.Owned > 0 && second.Owned > 0, "two members to share the topic", Story);
        Send(idempotent, "in", "numbers", 0);
        await UntilAsync(() => first.Read + second.Read >= Half, "the first half to be read", Story);
        (int First, int Second) assignments = (first.Assignments, second.Assignments);
        foreach ((IProducer<byte[]?, byte[]?> producer, string topic, string value) in
                 ((IProducer<byte[]?, byte[]?>, string, string)[])[(committing, "t", "committed 1"), (aborting, "t", "aborted 1"), (vanishing, "stuck", "vanished")])
        {
            producer.BeginTransaction();
            Send(producer, topic, value);
        }

        await Task.Run(() =>
        {
            Assert.NotNull(copier.Consume(Limit));
            TransactionalWriter.Repeat(() => committing.SendOffsetsToTransaction([new("numbers", 0, 7)], copier.ConsumerGroupMetadata, Limit));
        });

        if (isKilled)
        {
            await broker.KillAndStartAgainAsync();
        }
        else
        {
            await broker.StopAsync();
            await broker.StartAgainAsync();
        }

        Send(idempotent, "in", "numbers", Half);
        await Task.Run(() =>
        {
            Send(committing, "t", "committed 2");
            Send(aborting, "t", "aborted 2");
            TransactionalWriter.Repeat(() => committing.CommitTransaction(Limit));
            TransactionalWriter.Repeat(() => aborting.AbortTransaction(Limit));
            Assert.Equal(7, Assert.Single(copier.Committed([new("numbers", 0)], Limit)).Offset);
        });
        await UntilAsync(() => first.Read + second.Read >= 2 * Half, "the second half to be read", Story);
        Assert.Equal(["committed 1", "committed 2"], await new DotnetTransactions().ReadAsync(broker, "t", "read_committed"));
        Assert.Equal(
            Enumerable.Range(0, 2 * Half).Select(number => number.ToString(CultureInfo.InvariantCulture)),
            await new DotnetTransactions().ReadAsync(broker, "numbers", "read_committed"));
        // The group has its generation still: nobody was asked to join again, and nothing was read twice.
        Assert.Equal((assignments, 2 * Half), ((first.Assignments, second.Assignments), first.Read + second.Read));
        await UntilAsync(() => Offsets(copier, "stuck") == 2, "the transaction that nobody ends to be aborted", Story);
        Assert.Empty(await new DotnetTransactions().ReadAsync(broker, "stuck", "read_committed"));
        await broker.StopAsync();
    }

    private static Task<IProducer<byte[]?, byte[]?>> NewProducerAsync(BrokerProcess broker, string id, int timeoutMs = 60_000) =>
        Task.Run(() => TransactionalWriter.NewProducer(broker, id, timeoutMs));

    private static void Send(IProducer<byte[]?, byte[]?> producer, string topic, string value) => Assert.Equal(
        PersistenceStatus.Persisted,
        producer.ProduceAsync(new TopicPartition(topic, 0), new() { Value = Encoding.UTF8.GetBytes(value) }).WaitAsync(Limit).GetAwaiter().GetResult().Status);

    // Half of the numbers to one topic as they are, and spread over the partitions of the other.
    private static void Send(IProducer<byte[]?, byte[]?> producer, string spread, string inOrder, int from)
    {
        for (int number = from; number < from + Half; number++)
        {
            byte[] value = Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture));
            producer.Produce(new TopicPartition(spread, number % Partitions), new() { Value = value });
            producer.Produce(new TopicPartition(inOrder, 0), new() { Value = value });
        }

        Assert.Equal(0, producer.Flush(Limit));
    }

    // The end that a consumer of committed records is given.
    private static long Offsets(IConsumer<byte[]?, byte[]?> consumer, string topic) => consumer.QueryWatermarkOffsets(new(topic, 0), Limit).High;

    private static async Task UntilAsync(Func<bool> condition, string what, Func<string> story)
    {
        try
        {
            await Deadline.UntilAsync(condition, what, Limit);
        }
        catch (TimeoutException e)
        {
            Assert.Fail($"{e.Message}; {story()}");
        }
    }

    /// <summary>A member that commits each record and counts what it is given.</summary>
    private sealed class Member : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly ConcurrentBag<TopicPartitionOffset> _read = [];
        private readonly Task _work;
        private volatile int _owned;
        private volatile int _assignments;

        public Member(BrokerProcess broker) => _work = Task.Factory.StartNew(
            () => Work(broker), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        /// <summary>Records, each as often as it was read.</summary>
        public int Read => _read.Count;

        public int Owned => _owned;

        public int Assignments => _assignments;

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture, $"a member of {_owned} partitions, assigned {_assignments} times, read {_read.Count}: {_work.Status}");

        public void Dispose()
        {
            _stop.Cancel();
            _work.Wait(Deadline.Default);
            _stop.Dispose();
        }

        private void Work(BrokerProcess broker)
        {
            var config = new ConsumerConfig
            {
                BootstrapServers = broker.Bootstrap,
                GroupId = "members",
                EnableAutoCommit = false,
                AutoOffsetReset = AutoOffsetReset.Earliest,
                SessionTimeoutMs = 45_000,
                HeartbeatIntervalMs = 300,
            };
            using IConsumer<byte[]?, byte[]?> consumer = new ConsumerBuilder<byte[]?, byte[]?>(config)
                .SetLogHandler((_, _) => { })
                .SetErrorHandler((_, _) => { })
                .SetPartitionsAssignedHandler((_, partitions) =>
                {
                    _owned = partitions.Count;
                    _assignments++;
                })
                .SetPartitionsRevokedHandler((_, _) => _owned = 0)
                .Build();
            consumer.Subscribe("in");
            while (!_stop.IsCancellationRequested)
            {
                try
                {
                    ConsumeResult<byte[]?, byte[]?>? result = consumer.Consume(TimeSpan.FromMilliseconds(100));
                    if (result is null) continue;
                    _read.Add(result.TopicPartitionOffset);
                    consumer.Commit(result);
                }
                catch (KafkaException)
                {
                    // The broker is away; the next commit covers this record.
                }
            }

            consumer.Close();
        }
    }
}
