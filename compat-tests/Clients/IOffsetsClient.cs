using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Clients;

/// <summary>A client program that asks for offsets.</summary>
internal interface IOffsetsClient
{
    /// <summary>The offsets of a partition's beginning and end, and of the first record at or after each time.</summary>
    Task<PartitionOffsets> OffsetsAsync(BrokerProcess broker, string topic, int partition, params long[] times);
}
