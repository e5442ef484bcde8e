using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Churn;

/// <summary>A member that is a program of its own and tells its history on its output, as clients/group_members.py does.</summary>
internal sealed class ProcessMember : IChurnMember, IDisposable
{
    private readonly OwnershipHistory _history;
    private readonly ProgramProcess _process;

    private ProcessMember(
        string name, OwnershipHistory history, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        Name = name;
        _history = history;
        _process = new ProgramProcess(program, arguments, OnLine, environment);
    }

    public string Name { get; }

    public bool CanBeKilled => true;

    public bool CanLeave => true;

    /// <summary>kafkajs (clients/kafkajs.cjs).</summary>
    public static ProcessMember KafkaJs(string name, BrokerProcess broker, MemberSettings settings, OwnershipHistory history) => new(
        name,
        history,
        "node",
        [Path.Combine(ClientScript.Folder, "kafkajs.cjs"), "member", broker.Bootstrap, JsonSerializer.Serialize(settings.ToArguments(name))],
        new Dictionary<string, string> { ["NODE_PATH"] = ClientScript.Installed("node_modules"), ["NODE_NO_WARNINGS"] = "1" });

    /// <summary>Confluent.Kafka (<see cref="ConfluentMember"/>).</summary>
    public static ProcessMember Confluent(string name, BrokerProcess broker, MemberSettings settings, OwnershipHistory history) => new(
        name,
        history,
        BuiltProgram.Dotnet,
        [typeof(ProcessMember).Assembly.Location, "member", name, broker.Bootstrap, JsonSerializer.Serialize(settings)],
        new Dictionary<string, string>());

    public void Kill()
    {
        _process.Kill();
        _history.Killed(Name, Stopwatch.GetTimestamp());
    }

    public void Leave()
    {
        if (!_process.HasExited) _process.Terminate();
    }

    public async Task WaitAsync()
    {
        // Members in librdkafka 2.0 fail by an assertion of its sticky assignor now and then: they are dead like those that are killed.
        if (await _process.WaitForExitAsync() != 0) _history.Died(Name, Stopwatch.GetTimestamp(), _process.Output);
    }

    public void Dispose() => _process.Dispose();

    private void OnLine(string text)
    {
        string[] parts = text.Split(' ', 4);
        if (parts.Length == 4 && parts[0] == Name) _history.Add(Name, new(parts[1], long.Parse(parts[2], CultureInfo.InvariantCulture), parts[3]));
    }
}
