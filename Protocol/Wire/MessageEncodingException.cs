namespace KBroker.Protocol.Wire;

/// <summary>
/// A value that the chosen version of a message cannot carry: a field it does not have holds something that must not be
/// dropped silently, a field that is not nullable is null, or a string is longer than 32,767 bytes.
/// </summary>
public sealed class MessageEncodingException : Exception
{
    /// <summary>A value that cannot be written, for an unstated reason.</summary>
    public MessageEncodingException()
    {
    }

    /// <summary>A value that cannot be written, and why.</summary>
    public MessageEncodingException(string message)
        : base(message)
    {
    }

    /// <summary>A value that cannot be written, and what writing it ran into.</summary>
    public MessageEncodingException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
