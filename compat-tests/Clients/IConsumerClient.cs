using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Clients;

/// <summary>A client program that reads.</summary>
internal interface IConsumerClient
{
    /// <summary>Reads all partitions of a topic from a start to the ends they have now.</summary>
    Task<List<ClientRecord>> ConsumeAsync(BrokerProcess broker, string topic, ReadFrom from = default, int? maxPartitionFetchBytes = null);
}
