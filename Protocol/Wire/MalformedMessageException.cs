namespace KBroker.Protocol.Wire;

/// <summary>
/// Bytes that are not what they claim to be: cut off, a length or count that does not fit, null where there is none.
/// The only exception that decoding throws; a connection that receives such bytes is closed without reply, as Kafka does.
/// </summary>
public sealed class MalformedMessageException : Exception
{
    /// <summary>Bytes that cannot be read, for an unstated reason.</summary>
    public MalformedMessageException()
    {
    }

    /// <summary>Bytes that cannot be read, and why.</summary>
    public MalformedMessageException(string message)
        : base(message)
    {
    }

    /// <summary>Bytes that cannot be read, and what reading them ran into.</summary>
    public MalformedMessageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
