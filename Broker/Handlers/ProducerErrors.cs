using KBroker.Protocol;

namespace KBroker.Broker.Handlers;

/// <summary>Errors of producers that versions of the APIs name differently.</summary>
internal static class ProducerErrors
{
    /// <summary>Clients from before Kafka 2.7 know a fenced producer as INVALID_PRODUCER_EPOCH (KIP-588).</summary>
    public static ErrorCode For(ErrorCode error, short version, short knowsFencedFrom) =>
        error == ErrorCode.ProducerFenced && version < knowsFencedFrom ? ErrorCode.InvalidProducerEpoch : error;
}
