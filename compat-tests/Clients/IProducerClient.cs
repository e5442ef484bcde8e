using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Clients;

/// <summary>A client program that writes.</summary>
internal interface IProducerClient
{
    /// <summary>The codecs it can compress with, by Kafka's names.</summary>
    IReadOnlyList<string> Codecs { get; }

    /// <summary>Whether it can send records without key and value, and headers without value.</summary>
    bool SendsAllNulls => true;

    /// <summary>Writes records in order with acks=all and waits until all are acknowledged.</summary>
    Task ProduceAsync(BrokerProcess broker, string topic, IReadOnlyList<ClientRecord> records, string codec = "none", int maxRequestBytes = 1_000_000);
}
