using System.Text.Json;
using System.Text.Json.Nodes;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Clients;

/// <summary>A script under compat-tests/clients that drives one client library: command, address and arguments as JSON.</summary>
internal sealed class ClientScript(string interpreter, string file)
{
    /// <summary>Where the scripts are.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "clients");

    public static ClientScript Python(string file) => new("/usr/bin/python3", file);

    public static ClientScript Node(string file) => new("node", file);

    /// <summary>The path of something that compat-tests/install has put under artifacts/.</summary>
    public static string Installed(string name)
    {
        string path = Path.Combine(BuiltProgram.Root, "artifacts", "compat-clients", name);
        return Path.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: run compat-tests/install", path);
    }

    /// <summary>Runs a command to its end and gives what it wrote.</summary>
    public async Task<byte[]> RunAsync(BrokerProcess broker, string command, object arguments, ReadOnlyMemory<byte> input = default)
    {
        Dictionary<string, string> environment = interpreter == "node"
            ? new() { ["NODE_PATH"] = Installed("node_modules"), ["NODE_NO_WARNINGS"] = "1" }
            : new() { ["PYTHONDONTWRITEBYTECODE"] = "1" };
        ClientResult result = await ClientProcess.TryRunAsync(
            interpreter, [Path.Combine(Folder, file), command, broker.Bootstrap, JsonSerializer.Serialize(arguments)], input, environment);
        Assert.True(result.ExitCode == 0, $"{result.CommandLine} exited with {result.ExitCode}:\n{result.Error}\nThe broker said:\n{broker.Output}");
        return result.Output;
    }

    /// <summary>Runs a command that answers with one JSON value a line.</summary>
    public async Task<List<JsonNode>> RunForJsonAsync(BrokerProcess broker, string command, object arguments)
    {
        string text = System.Text.Encoding.UTF8.GetString(await RunAsync(broker, command, arguments));
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }

    public async Task<List<ClientRecord>> ConsumeAsync(BrokerProcess broker, string topic, ReadFrom from, object settings)
    {
        var start = new Dictionary<string, long>();
        if (from.Offset is { } offset) start["offset"] = offset;
        if (from.Time is { } time) start["time"] = time;
        return RecordFrames.Read(await RunAsync(broker, "consume", new { topic, start, settings }));
    }

    public async Task<List<ClientRecord>> ConsumeInGroupAsync(BrokerProcess broker, string topic, string group, int count) =>
        RecordFrames.Read(await RunAsync(broker, "group", new { topic, group, count }));

    public async Task<PartitionOffsets> OffsetsAsync(BrokerProcess broker, string topic, int partition, long[] times)
    {
        List<JsonNode> answer = await RunForJsonAsync(broker, "offsets", new { topic, partition, times });
        return new(
            (long)answer[0]["beginning"]!, (long)answer[0]["end"]!, [.. answer[0]["times"]!.AsArray().Select(offset => (long?)offset)]);
    }
}
