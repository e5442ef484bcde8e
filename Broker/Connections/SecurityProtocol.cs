namespace KBroker.Broker.Connections;

/// <summary>How a listener protects and authenticates its connections; the numbers are Kafka's.</summary>
public enum SecurityProtocol
{
    /// <summary>Neither encrypted nor authenticated.</summary>
    Plaintext = 0,

    /// <summary>TLS.</summary>
    Ssl = 1,

    /// <summary>SASL without encryption.</summary>
    SaslPlaintext = 2,

    /// <summary>SASL over TLS.</summary>
    SaslSsl = 3,
}
