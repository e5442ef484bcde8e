using System.Text.Json.Nodes;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Clients;

/// <summary>@platformatic/kafka on Node.js, which speaks the newest versions; it reads only as member of a group.</summary>
/// <param name="protocol">That of its groups: classic, or consumer (KIP-848).</param>
internal sealed class Platformatic(string protocol = "classic") : IGroupClient, IProducerClient
{
    private readonly ClientScript _script = ClientScript.Node("platformatic.cjs");

    public IReadOnlyList<string> Codecs { get; } = ["none", "gzip"];

    public async Task<List<ClientRecord>> ConsumeInGroupAsync(BrokerProcess broker, string topic, string group, int count) =>
        RecordFrames.Read(await _script.RunAsync(broker, "group", new { topic, group = $"{group}-{protocol}", count, protocol }));

    public Task ProduceAsync(BrokerProcess broker, string topic, IReadOnlyList<ClientRecord> records, string codec = "none", int maxRequestBytes = 1_000_000) =>
        _script.RunAsync(broker, "produce", new { topic, codec }, RecordFrames.Write(records));

    /// <summary>Has members of a group of the consumer protocol come and go; what was read and who had what after each step.</summary>
    /// <param name="broker">The broker.</param>
    /// <param name="topic">The topic, which is made.</param>
    /// <param name="group">The group.</param>
    /// <param name="partitions">The topic's partitions.</param>
    /// <param name="steps">Each with <c>join</c> or <c>leave</c>, a member's name, and <c>send</c>, the records produced afterwards.</param>
    public Task<List<JsonNode>> ShareAsync(BrokerProcess broker, string topic, string group, int partitions, object[] steps) =>
        _script.RunForJsonAsync(broker, "share", new { topic, group, partitions, steps, patience = 30_000 });
}
