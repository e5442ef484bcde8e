using System.Globalization;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Transactions;

/// <summary>Each client's transactions, and what each client makes of everybody's.</summary>
public sealed class TransactionClientTests(TransactionClientTests.Fixture fixture) : IClassFixture<TransactionClientTests.Fixture>
{
    private const int Partitions = 3;

    private static readonly Dictionary<string, ITransactionClient> Clients = new()
    {
        ["Confluent.Kafka"] = new DotnetTransactions(),
        ["python3-confluent-kafka"] = new ScriptTransactions(ClientScript.Python("python_confluent.py")),
        ["kafkajs"] = new ScriptTransactions(ClientScript.Node("kafkajs.cjs")),
        ["platformatic"] = new ScriptTransactions(ClientScript.Node("platformatic.cjs")),
        ["kcat"] = new KcatTransactions(),
    };

    public static TheoryData<string> FullNames => [.. Clients.Keys.Where(name => name != "kcat")];

    [Theory]
    [MemberData(nameof(FullNames))]
    public async Task CommittedAreSeenAndAbortedAreNot(string client)
    {
        string topic = $"writes-{client}";
        await TransactionBroker.CreateTopicsAsync(fixture.Broker, (topic, Partitions));
        ClientTransaction[] transactions = [.. Enumerable.Range(0, 6).Select(number => Transaction(topic, number, commits: number % 3 != 1))];

        await Clients[client].TransactAsync(fixture.Broker, $"id-{client}", transactions);

        IEnumerable<string> all = transactions.SelectMany(Values);
        IEnumerable<string> committed = transactions.Where(transaction => transaction.Commits).SelectMany(Values);
        Assert.Equal(committed.Order(StringComparer.Ordinal), await SortedAsync("Confluent.Kafka", topic, "read_committed"));
        Assert.Equal(all.Order(StringComparer.Ordinal), await SortedAsync("Confluent.Kafka", topic, "read_uncommitted"));
    }

    /// <remarks>
    /// The two clients on Node.js lose track of aborted transactions that lie within each other (kafkajs takes them in the order in which
    /// they begin and gets them in that in which they end) and of more than one of a producer in a response (@platformatic/kafka).
    /// </remarks>
    [Theory]
    [InlineData("Confluent.Kafka", true)]
    [InlineData("python3-confluent-kafka", true)]
    [InlineData("kcat", true)]
    [InlineData("kafkajs", false)]
    [InlineData("platformatic", false)]
    public async Task AbortedRecordsAreForThoseWhoWantThem(string client, bool isInterleaved)
    {
        (string topic, string[] committed, string[] aborted) = await fixture.MixedTopicAsync(isInterleaved);

        Assert.Equal(committed, await SortedAsync(client, topic, "read_committed"));
        Assert.Equal(committed.Concat(aborted).Order(StringComparer.Ordinal), await SortedAsync(client, topic, "read_uncommitted"));
    }

    [Fact]
    public async Task KcatCommitsWhatItIsGiven()
    {
        await TransactionBroker.CreateTopicsAsync(fixture.Broker, ("kcat", 1));
        string[] values = ["a", "b", "c"];

        await Clients["kcat"].TransactAsync(fixture.Broker, "id-kcat", [new(true, [.. values.Select(value => ("kcat", 0, value))])]);

        Assert.Equal(values, await Clients["Confluent.Kafka"].ReadAsync(fixture.Broker, "kcat", "read_committed"));
        // Three records and the marker of their end.
        Assert.Equal(4, (await new Dotnet().OffsetsAsync(fixture.Broker, "kcat", 0)).End);
    }

    [Fact]
    public async Task KafkaJsCopiesWithItsOffsetsInTheTransactions()
    {
        await TransactionBroker.CreateTopicsAsync(fixture.Broker, ("copy-in", Partitions), ("copy-out", Partitions));
        ClientTransaction[] input = [.. Enumerable.Range(0, 4).Select(number => Transaction("copy-in", number, commits: number != 2))];
        await Clients["Confluent.Kafka"].TransactAsync(fixture.Broker, "copy-input", input);
        string[] committed = [.. input.Where(transaction => transaction.Commits).SelectMany(Values).Order(StringComparer.Ordinal)];

        await ClientScript.Node("kafkajs.cjs").RunAsync(
            fixture.Broker, "copy", new { id = "copier", group = "copy", topic = "copy-in", output = "copy-out", count = committed.Length });

        Assert.Equal(committed, await SortedAsync("Confluent.Kafka", "copy-out", "read_committed"));
        // Nothing is left for the group: each partition is committed behind its last record.
        Assert.Equal(committed.Length + Partitions, (await SortedAsync("Confluent.Kafka", "copy-out", "read_uncommitted")).Count);
    }

    private static ClientTransaction Transaction(string topic, int number, bool commits) => new(commits, [.. Enumerable.Range(0, 7).Select(i =>
        (topic, (number + i) % Partitions, string.Create(CultureInfo.InvariantCulture, $"{(commits ? "committed" : "aborted")}-{number}-{i}")))]);

    private static IEnumerable<string> Values(ClientTransaction transaction) => transaction.Records.Select(record => record.Value);

    private async Task<List<string>> SortedAsync(string client, string topic, string isolation)
    {
        List<string> values = await Clients[client].ReadAsync(fixture.Broker, topic, isolation);
        values.Sort(StringComparer.Ordinal);
        return values;
    }

    /// <summary>One broker for this class, and a topic that all its clients read.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        private readonly Dictionary<bool, Task<(string, string[], string[])>> _mixed = [];

        private int _topics;

        internal BrokerProcess Broker { get; private set; } = null!;

        /// <summary>A topic that nobody else uses.</summary>
        internal async Task<string> NewTopicAsync()
        {
            string topic = string.Create(CultureInfo.InvariantCulture, $"topic-{++_topics}");
            await TransactionBroker.CreateTopicsAsync(Broker, (topic, Partitions));
            return topic;
        }

        internal Task<(string Topic, string[] Committed, string[] Aborted)> MixedTopicAsync(bool isInterleaved)
        {
            if (!_mixed.TryGetValue(isInterleaved, out Task<(string, string[], string[])>? made))
                _mixed[isInterleaved] = made = isInterleaved ? MakeInterleavedAsync() : MakeSimpleAsync();
            return made;
        }

        async Task IAsyncLifetime.InitializeAsync() => Broker = await TransactionBroker.StartAsync();

        async Task IAsyncLifetime.DisposeAsync()
        {
            try
            {
                await Broker.StopAsync();
            }
            finally
            {
                await Broker.DisposeAsync();
            }
        }

        private async Task<(string Topic, string[] Committed, string[] Aborted)> MakeSimpleAsync()
        {
            const string topic = "simple";
            await TransactionBroker.CreateTopicsAsync(Broker, (topic, Partitions));
            ClientTransaction[] first = [.. Enumerable.Range(0, 3).Select(number => Transaction(topic, number, commits: number != 1))];
            ClientTransaction[] second = [.. Enumerable.Range(3, 2).Select(number => Transaction(topic, number, commits: number == 3))];
            var client = new DotnetTransactions();
            await client.TransactAsync(Broker, "simple-first", first);
            await client.TransactAsync(Broker, "simple-second", second);
            return Told(topic, first.Concat(second));
        }

        private async Task<(string Topic, string[] Committed, string[] Aborted)> MakeInterleavedAsync()
        {
            const string topic = "interleaved";
            await TransactionBroker.CreateTopicsAsync(Broker, (topic, Partitions));
            // Two producers whose transactions lie within each other's, and aborted ones at both ends of the log.
            ClientTransaction[] first = [.. Enumerable.Range(0, 8).Select(number => Transaction(topic, number, commits: number % 2 == 1))];
            ClientTransaction[] second = [.. Enumerable.Range(8, 8).Select(number => Transaction(topic, number, commits: number % 4 == 0))];
            ClientTransaction[] last = [Transaction(topic, 17, commits: false)];
            var client = new DotnetTransactions();
            await Task.WhenAll(client.TransactAsync(Broker, "first", first), client.TransactAsync(Broker, "second", second));
            await client.TransactAsync(Broker, "third", last);
            return Told(topic, first.Concat(second).Concat(last));
        }

        private static (string Topic, string[] Committed, string[] Aborted) Told(string topic, IEnumerable<ClientTransaction> transactions)
        {
            ILookup<bool, string> values = transactions
                .SelectMany(transaction => Values(transaction).Select(value => (transaction.Commits, value))).ToLookup(pair => pair.Commits, pair => pair.value);
            return (topic, [.. values[true].Order(StringComparer.Ordinal)], [.. values[false].Order(StringComparer.Ordinal)]);
        }
    }
}
