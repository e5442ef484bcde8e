namespace KBroker.Broker.Hosting;

/// <summary>The broker cannot start; the message says why and what to do, for the person who starts it.</summary>
public sealed class BrokerStartException : Exception
{
    /// <summary>A failure that the message explains.</summary>
    public BrokerStartException(string message)
        : base(message)
    {
    }

    /// <summary>A failure that the message explains, and its cause.</summary>
    public BrokerStartException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
