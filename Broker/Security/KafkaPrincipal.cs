namespace KBroker.Broker.Security;

/// <summary>Who a client is: a type, usually <c>User</c>, and a name.</summary>
public sealed record KafkaPrincipal(string Type, string Name)
{
    /// <summary>Who clients of a listener without authentication are.</summary>
    public static KafkaPrincipal Anonymous { get; } = new("User", "ANONYMOUS");

    /// <summary>Kafka's text form, such as <c>User:alice</c>.</summary>
    public override string ToString() => $"{Type}:{Name}";
}
