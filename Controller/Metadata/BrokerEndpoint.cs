namespace KBroker.Controller.Metadata;

/// <summary>Where one listener of a broker is reached.</summary>
/// <param name="ListenerName">The listener's name, upper case.</param>
/// <param name="SecurityProtocol">PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.</param>
/// <param name="Host">The advertised host.</param>
/// <param name="Port">The advertised port, 1 to 65535.</param>
public sealed record BrokerEndpoint(string ListenerName, string SecurityProtocol, string Host, int Port);
