namespace KBroker.Broker.Configuration;

/// <summary>A name and a text given at startup.</summary>
/// <param name="Name">The setting's name, known or not.</param>
/// <param name="Text">The text as given.</param>
/// <param name="Origin">Where it was given: <c>server.properties:12</c>, an environment variable, or an option.</param>
public sealed record ConfigSetting(string Name, string Text, string Origin);
