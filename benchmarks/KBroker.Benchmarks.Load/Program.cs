using KBroker.Benchmarks.Load;
using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Load.Scenarios;
using KBroker.Benchmarks.Load.Servers;
using KBroker.Broker.Connections.Sockets;

SocketRuntime.UseInlineCompletions();
Options options = Options.Parse(args);
(string Name, Func<Task<IReadOnlyList<Row>>> Run)[] scenarios =
[
    ("ingest", new Ingest(options, "ingest, 1 MB batches of 1 KB records", 1024 * 1024, 1024, 3, 1.3).RunAsync),
    ("ingest", new Ingest(options, "ingest, 1 MB batches of 100 B records", 1024 * 1024, 100, 3, null).RunAsync),
    ("ingest", new Ingest(options, "ingest, 16 KB batches of 1 KB records", 16 * 1024, 1024, 5, 1.5).RunAsync),
    ("fetch", new Fetch(options).RunAsync),
    ("small", new SmallRequests(options).RunAsync),
    ("commit", new GroupCommit(options).RunAsync),
    ("groups", new Groups(options).RunAsync),
    ("groups", new ConsumerGroups(options).RunAsync),
    ("offsets", new OffsetCommits(options).RunAsync),
    ("offsets", new OffsetLoading(options).RunAsync),
    ("idempotent", new IdempotentProduce(options).RunAsync),
    ("transactions", new Transactions(options).RunAsync),
    ("start", new Startup(options).RunAsync),
    ("idle", new IdleConnections(options).RunAsync),
    ("allocations", new Allocations(options).RunAsync),
    ("noise", new Noise(options).RunAsync),
];

if (options.Wants("ingest") || options.Wants("fetch") || options.Wants("idempotent") || options.Wants("noise")) PageWarmer.Touch();
var rows = new List<Row>();
foreach ((string name, Func<Task<IReadOnlyList<Row>>> run) in scenarios)
{
    if (!options.Wants(name)) continue;
    Console.Error.WriteLine($"{name} ...");
    rows.AddRange(await run());
}

Table.Print(rows, Console.Out);
return rows.Any(row => row.Met == false) ? 1 : 0;
