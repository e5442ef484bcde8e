namespace KBroker.Broker.Connections;

/// <summary>Kafka's security protocols; the values are Kafka's ids.</summary>
public enum SecurityProtocol
{
    /// <summary>Neither encrypted nor authenticated.</summary>
    Plaintext = 0,
}
