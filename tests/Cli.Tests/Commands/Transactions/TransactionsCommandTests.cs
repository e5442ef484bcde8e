using KBroker.Cli.Tests.Fakes;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Tests.Commands.Transactions;

/// <summary><c>kbroker transactions</c> against a broker with one transaction in order, one that hangs and one that is young.</summary>
public sealed class TransactionsCommandTests : IDisposable
{
    private const long LongAgo = 1_600_000_000_000;

    private readonly FakeBroker _broker = new();
    private readonly List<WriteTxnMarkersRequest.WritableTxnMarker> _markers = [];
    private readonly List<ListTransactionsRequest> _lists = [];
    private ErrorCode _markerError;

    public TransactionsCommandTests()
    {
        _broker.On<MetadataRequest>(ApiKey.Metadata, (request, _) => new MetadataResponse
        {
            Brokers = [new() { NodeId = 1, Host = _broker.Endpoint.Host, Port = _broker.Endpoint.Port }],
            ControllerId = 1,
            Topics = request.Topics is { Length: 0 }
                ? []
                :
                [
                    new()
                    {
                        Name = "orders",
                        Partitions = [.. Enumerable.Range(0, 2).Select(i => new MetadataResponse.MetadataResponsePartition { PartitionIndex = i, LeaderId = 1, ReplicaNodes = [1], IsrNodes = [1] })],
                    },
                ],
        });
        _broker.On<FindCoordinatorRequest>(ApiKey.FindCoordinator, (request, _) =>
        {
            Assert.Equal(1, request.KeyType);
            return new FindCoordinatorResponse { NodeId = 1, Host = _broker.Endpoint.Host, Port = _broker.Endpoint.Port };
        });
        _broker.On<ListTransactionsRequest>(ApiKey.ListTransactions, (request, _) =>
        {
            _lists.Add(request);
            return new ListTransactionsResponse
            {
                UnknownStateFilters = [.. request.StateFilters.Where(state => state == "Lost")],
                TransactionStates =
                [
                    .. Known.Where(one => request.ProducerIdFilters.Length == 0 || request.ProducerIdFilters.Contains(one.ProducerId)),
                ],
            };
        });
        _broker.On<DescribeTransactionsRequest>(ApiKey.DescribeTransactions, (request, _) => new DescribeTransactionsResponse
        {
            TransactionStates = [Describe(request.TransactionalIds[0])],
        });
        _broker.On<DescribeProducersRequest>(ApiKey.DescribeProducers, (request, _) => new DescribeProducersResponse
        {
            Topics = [.. request.Topics.Select(topic => new DescribeProducersResponse.TopicResponse
            {
                Name = topic.Name,
                Partitions = [.. topic.PartitionIndexes.Select(partition => new DescribeProducersResponse.PartitionResponse
                {
                    PartitionIndex = partition,
                    ActiveProducers = partition == 0 ? Producers() : [],
                })],
            })],
        });
        _broker.On<WriteTxnMarkersRequest>(ApiKey.WriteTxnMarkers, (request, _) =>
        {
            _markers.AddRange(request.Markers);
            return new WriteTxnMarkersResponse
            {
                Markers = [new() { ProducerId = request.Markers[0].ProducerId, Topics = [new() { Name = "orders", Partitions = [new() { PartitionIndex = 0, ErrorCode = _markerError }] }] }],
            };
        });
    }

    private static ListTransactionsResponse.TransactionStateData[] Known =>
    [
        new() { TransactionalId = "payments", ProducerId = 10, TransactionState = "Ongoing" },
        new() { TransactionalId = "billing", ProducerId = 11, TransactionState = "CompleteCommit" },
    ];

    public void Dispose() => _broker.DisposeAsync().AsTask().GetAwaiter().GetResult();

    [Fact]
    public async Task List_All_InKafkasColumns() => Assert.Equal(
        """
        TransactionalId  Coordinator  ProducerId  TransactionState
        billing          1            11          CompleteCommit
        payments         1            10          Ongoing

        """,
        (await RunAsync("list")).Out);

    [Fact]
    public async Task List_Filters_AreTheBrokers()
    {
        await RunAsync("list --states Ongoing,PrepareAbort --producer-id 10,12 --duration-filter 60000");
        ListTransactionsRequest asked = Assert.Single(_lists);
        Assert.Equal(["Ongoing", "PrepareAbort"], asked.StateFilters);
        Assert.Equal([10, 12], asked.ProducerIdFilters);
        Assert.Equal(60_000, asked.DurationFilter);
        Assert.Contains("does not know the state Lost", (await RunAsync("list --state Lost")).Error, StringComparison.Ordinal);
        _broker.Versions[ApiKey.ListTransactions] = (0, 0);
        Assert.Equal(0, (await RunAsync("list --duration-filter -1")).ExitCode);
        Assert.Contains("is too old to tell how long", (await RunAsync("list --duration-filter 1")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("describe payments")]
    [InlineData("describe --transactional-id payments")]
    public async Task Describe_OpenTransaction_ShowsItsPartitions(string line)
    {
        CommandOutcome outcome = await RunAsync(line);
        string[] rows = outcome.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            "CoordinatorId TransactionalId ProducerId ProducerEpoch TransactionState TransactionTimeoutMs CurrentTransactionStartTimeMs TransactionDurationMs TopicPartitions",
            string.Join(' ', rows[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        string[] cells = rows[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["1", "payments", "10", "3", "Ongoing", "60000", "1600000000000"], cells[..7]);
        Assert.Equal("orders-0,orders-1", cells[8]);
    }

    [Fact]
    public async Task Describe_NoTransaction_SaysNone()
    {
        string[] cells = (await RunAsync("describe billing")).Out.Split('\n')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["1", "billing", "11", "0", "CompleteCommit", "60000", "None", "None", "-"], cells);
    }

    [Fact]
    public async Task Describe_UnknownId_Fails()
    {
        CommandOutcome outcome = await RunAsync("describe nobody");
        Assert.Equal((1, "kbroker: Transactional id 'nobody' is not known: no producer uses it, or it expired\n"), (outcome.ExitCode, outcome.Error));
    }

    [Fact]
    public async Task DescribeProducers_Partition_ShowsEach()
    {
        CommandOutcome outcome = await RunAsync("describe-producers --topic orders --partition 0");
        string[] rows = outcome.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            "ProducerId ProducerEpoch LatestCoordinatorEpoch LastSequence LastTimestamp CurrentTransactionStartOffset",
            string.Join(' ', rows[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal(["10", "3", "2", "5", "1600000000000", "100"], rows[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["11", "0", "2", "9", "1600000000000", "None"], rows[2].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("Partition orders-7 does not exist", (await RunAsync("describe-producers --topic orders --partition 7")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--topic orders")]
    [InlineData("--topic orders --partition 0")]
    [InlineData("--broker-id 1")]
    public async Task FindHanging_OpenForLongAndKnownToNobody_IsShown(string where)
    {
        string[] rows = (await RunAsync($"find-hanging {where}")).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("Topic Partition ProducerId ProducerEpoch CoordinatorEpoch StartOffset LastTimestamp Duration(min)", string.Join(' ', rows[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal(["orders", "0", "12", "7", "-1", "200", "1600000000000"], Assert.Single(rows[1..]).Split(' ', StringSplitOptions.RemoveEmptyEntries)[..7]);
    }

    [Theory]
    [InlineData("--topic nothing", "There is no topic 'nothing'")]
    [InlineData("--topic orders --partition 9", "There is no partition orders-9")]
    [InlineData("--broker-id 9", "There is no broker 9")]
    public async Task FindHanging_Nowhere_Fails(string where, string reason) =>
        Assert.Contains(reason, (await RunAsync($"find-hanging {where}")).Error, StringComparison.Ordinal);

    [Fact]
    public async Task Abort_StartOffset_WritesTheMarkerOfItsProducer()
    {
        CommandOutcome outcome = await RunAsync("abort --topic orders --partition 0 --start-offset 200");
        Assert.Equal((0, "Aborted the transaction of producer 12 in orders-0.\n", ""), (outcome.ExitCode, outcome.Out, outcome.Error));
        WriteTxnMarkersRequest.WritableTxnMarker marker = Assert.Single(_markers);
        Assert.Equal((12L, (short)7, false, 0, (sbyte)0), (marker.ProducerId, marker.ProducerEpoch, marker.TransactionResult, marker.CoordinatorEpoch, marker.TransactionVersion));
        Assert.Equal(("orders", 0), (marker.Topics.Single().Name, marker.Topics.Single().PartitionIndexes.Single()));
    }

    [Fact]
    public async Task Abort_Producer_WritesItsMarkerUnseen()
    {
        Assert.Equal(0, (await RunAsync("abort --topic orders --partition 0 --producer-id 12 --producer-epoch 7 --coordinator-epoch 4")).ExitCode);
        Assert.Equal((12L, (short)7, 4), (_markers[0].ProducerId, _markers[0].ProducerEpoch, _markers[0].CoordinatorEpoch));
        Assert.Equal(0, _broker.Count(ApiKey.DescribeProducers));
    }

    [Fact]
    public async Task Abort_NotPossible_SaysWhy()
    {
        Assert.Contains("No open transaction of orders-0 begins at offset 5", (await RunAsync("abort --topic orders --partition 0 --start-offset 5")).Error, StringComparison.Ordinal);
        Assert.Empty(_markers);
        _markerError = ErrorCode.TransactionCoordinatorFenced;
        CommandOutcome fenced = await RunAsync("abort --topic orders --partition 0 --start-offset 200");
        Assert.Equal((1, ""), (fenced.ExitCode, fenced.Out));
        Assert.Contains("is not aborted: the transaction has a newer coordinator", fenced.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "Usage")]
    [InlineData("list --producer-id x", "expected whole numbers")]
    [InlineData("describe", "Name one transactional id")]
    [InlineData("describe a --transactional-id b", "Name one transactional id")]
    [InlineData("describe-producers --topic t", "--partition is required")]
    [InlineData("find-hanging", "--topic or --broker-id is required")]
    [InlineData("find-hanging --broker-id 1 --partition 0", "--partition goes only with --topic")]
    [InlineData("abort --topic t --partition 0", "Name the transaction by --start-offset")]
    [InlineData("abort --topic t --partition 0 --start-offset 1 --producer-id 2", "Name the transaction by --start-offset")]
    [InlineData("abort --topic t --partition 0 --producer-id 2", "--producer-epoch is required with --producer-id")]
    [InlineData("abort --topic t --partition 0 --start-offset 2 --producer-epoch 1", "--producer-epoch goes only with --producer-id")]
    [InlineData("abort --start-offset 2", "--topic is required")]
    public async Task Run_LineNotUnderstood_UsageAndCodeTwo(string line, string mention)
    {
        CommandOutcome outcome = await RunAsync(line);
        Assert.Equal(ExitCodes.Usage, outcome.ExitCode);
        Assert.Contains(mention, outcome.Error, StringComparison.Ordinal);
        Assert.Empty(_broker.Seen);
    }

    private static DescribeTransactionsResponse.TransactionStateData Describe(string id) => id switch
    {
        "payments" => new()
        {
            TransactionalId = id,
            TransactionState = "Ongoing",
            TransactionTimeoutMs = 60_000,
            TransactionStartTimeMs = LongAgo,
            ProducerId = 10,
            ProducerEpoch = 3,
            Topics = [new() { Topic = "orders", Partitions = [1, 0] }],
        },
        "billing" => new() { TransactionalId = id, TransactionState = "CompleteCommit", TransactionTimeoutMs = 60_000, TransactionStartTimeMs = -1, ProducerId = 11, ProducerEpoch = 0 },
        _ => new() { TransactionalId = id, ErrorCode = ErrorCode.TransactionalIdNotFound, TransactionState = "" },
    };

    // One whose transaction its coordinator knows, one without, one that nobody knows, one that has only just begun.
    private static DescribeProducersResponse.ProducerState[] Producers() =>
    [
        new() { ProducerId = 10, ProducerEpoch = 3, LastSequence = 5, LastTimestamp = LongAgo, CoordinatorEpoch = 2, CurrentTxnStartOffset = 100 },
        new() { ProducerId = 11, ProducerEpoch = 0, LastSequence = 9, LastTimestamp = LongAgo, CoordinatorEpoch = 2, CurrentTxnStartOffset = -1 },
        new() { ProducerId = 12, ProducerEpoch = 7, LastSequence = 1, LastTimestamp = LongAgo, CoordinatorEpoch = -1, CurrentTxnStartOffset = 200 },
        new() { ProducerId = 13, ProducerEpoch = 0, LastSequence = 1, LastTimestamp = long.MaxValue, CoordinatorEpoch = -1, CurrentTxnStartOffset = 300 },
    ];

    private Task<CommandOutcome> RunAsync(string line) => CommandRun.RunAsync(_broker, "", $"transactions {line}");
}
