using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Clients;

/// <summary>@platformatic/kafka on Node.js, which speaks the newest versions; it reads only as member of a group.</summary>
internal sealed class Platformatic : IProducerClient
{
    private readonly ClientScript _script = ClientScript.Node("platformatic.cjs");

    public IReadOnlyList<string> Codecs { get; } = ["none", "gzip"];

    public Task ProduceAsync(BrokerProcess broker, string topic, IReadOnlyList<ClientRecord> records, string codec = "none", int maxRequestBytes = 1_000_000) =>
        _script.RunAsync(broker, "produce", new { topic, codec }, RecordFrames.Write(records));
}
