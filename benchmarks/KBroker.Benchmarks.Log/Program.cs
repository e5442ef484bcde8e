using KBroker.Benchmarks.Load.Report;
using KBroker.Benchmarks.Log;
using KBroker.Benchmarks.Log.Scenarios;

Options options = Options.Parse(args);
(string Name, Func<Task<IReadOnlyList<Row>>> Run)[] scenarios =
[
    ("append", new Append(options, "1 MB batches of 1 KB records", 1024 * 1024, 1.3, null).RunAsync),
    ("append", new Append(options, "16 KB batches of 1 KB records", 16 * 1024, 1.3, null).RunAsync),
    ("append", new Append(options, "1 KB batches of one record", 1024, null, 200_000).RunAsync),
    ("lookup", new Lookup(options, "16 KB batches", 16 * 1024).RunAsync),
    ("lookup", new Lookup(options, "1 KB batches", 1024).RunAsync),
    ("recovery", new Recovery(options, "1 MB batches", 1024 * 1024).RunAsync),
    ("recovery", new Recovery(options, "16 KB batches", 16 * 1024).RunAsync),
    ("recovery", new Recovery(options, "1 KB batches", 1024).RunAsync),
    ("compaction", new Compaction(options).RunAsync),
    ("opening", new Opening(options).RunAsync),
];

var rows = new List<Row>();
foreach ((string name, Func<Task<IReadOnlyList<Row>>> run) in scenarios)
{
    if (!options.Wants(name)) continue;
    Console.Error.WriteLine($"{name} ...");
    rows.AddRange(await run());
}

Table.Print(rows, Console.Out);
return rows.Any(row => row.Met == false) ? 1 : 0;
