using System.Text;
using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Transactions;

/// <summary>A script that knows the commands transact and isolated.</summary>
internal sealed class ScriptTransactions(ClientScript script) : ITransactionClient
{
    public Task TransactAsync(BrokerProcess broker, string id, IReadOnlyList<ClientTransaction> transactions) =>
        script.RunAsync(broker, "transact", new { id, transactions = transactions.Select(transaction => transaction.ToArguments()) });

    public async Task<List<string>> ReadAsync(BrokerProcess broker, string topic, string isolation) =>
        [.. (await script.RunForJsonAsync(broker, "isolated", new { topic, isolation })).Select(value => (string)value!)];
}

/// <summary>Confluent.Kafka.</summary>
internal sealed class DotnetTransactions : ITransactionClient
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public Task TransactAsync(BrokerProcess broker, string id, IReadOnlyList<ClientTransaction> transactions) => Task.Run(() =>
    {
        using IProducer<byte[]?, byte[]?> producer = TransactionalWriter.NewProducer(broker, id);
        foreach (ClientTransaction transaction in transactions)
        {
            producer.BeginTransaction();
            foreach ((string topic, int partition, string value) in transaction.Records)
                producer.Produce(new TopicPartition(topic, partition), new() { Value = Encoding.UTF8.GetBytes(value) });
            if (transaction.Commits)
            {
                producer.CommitTransaction(Limit);
            }
            else
            {
                // What is not sent yet would never be.
                producer.Flush(Limit);
                producer.AbortTransaction(Limit);
            }
        }
    });

    public Task<List<string>> ReadAsync(BrokerProcess broker, string topic, string isolation) => Task.Run(() => Read(broker, topic, isolation));

    private static List<string> Read(BrokerProcess broker, string topic, string isolation)
    {
        using IConsumer<byte[]?, byte[]?> consumer = new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = broker.Bootstrap,
            GroupId = "not-used",
            EnablePartitionEof = true,
            IsolationLevel = isolation == "read_committed" ? IsolationLevel.ReadCommitted : IsolationLevel.ReadUncommitted,
        }).SetLogHandler((_, _) => { }).Build();
        using IAdminClient admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        int left = Assert.Single(admin.GetMetadata(topic, Limit).Topics).Partitions.Count;
        consumer.Assign(Enumerable.Range(0, left).Select(partition => new TopicPartitionOffset(topic, partition, Offset.Beginning)));
        var values = new List<string>();
        while (left > 0)
        {
            ConsumeResult<byte[]?, byte[]?> result = consumer.Consume(Limit) ?? throw new TimeoutException($"Nothing came for {Limit} of {topic}");
            if (result.IsPartitionEOF) left--;
            else values.Add(Encoding.UTF8.GetString(result.Message.Value!));
        }

        consumer.Close();
        return values;
    }
}

/// <summary>kcat, whose one transaction is all that it is given; it has no command to abort.</summary>
internal sealed class KcatTransactions : ITransactionClient
{
    public async Task TransactAsync(BrokerProcess broker, string id, IReadOnlyList<ClientTransaction> transactions)
    {
        foreach (ClientTransaction transaction in transactions.Where(transaction => transaction.Commits))
        {
            (string topic, int partition) = Assert.Single(transaction.Records.Select(record => (record.Topic, record.Partition)).Distinct());
            await ClientProcess.RunAsync(
                "kcat",
                ["-b", broker.Bootstrap, "-P", "-t", topic, "-p", $"{partition}", "-X", $"transactional.id={id}"],
                Encoding.UTF8.GetBytes(string.Concat(transaction.Records.Select(record => record.Value + "\n"))));
        }
    }

    public async Task<List<string>> ReadAsync(BrokerProcess broker, string topic, string isolation) =>
        [.. Encoding.UTF8.GetString(await ClientProcess.RunAsync(
            "kcat", ["-b", broker.Bootstrap, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-X", $"isolation.level={isolation}"]))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)];
}
