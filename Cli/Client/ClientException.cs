using KBroker.Protocol;

namespace KBroker.Cli.Client;

/// <summary>
/// An operation on the cluster that did not come about: the broker is not reachable, refused, or answered with bytes that are
/// not Kafka's. The message is written for a person and stands on its own.
/// </summary>
public sealed class ClientException : Exception
{
    /// <summary>A failure without further detail.</summary>
    public ClientException()
        : this("The operation failed.")
    {
    }

    /// <summary>A failure for which no error code stands.</summary>
    public ClientException(string message)
        : this(ErrorCode.UnknownServerError, message)
    {
    }

    /// <summary>A failure for which no error code stands, and what it came from.</summary>
    public ClientException(string message, Exception? innerException)
        : this(ErrorCode.UnknownServerError, message, innerException)
    {
    }

    /// <summary>A failure with the broker's error code, or the one that fits best what happened on the way to it.</summary>
    public ClientException(ErrorCode code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>
    /// What went wrong; <see cref="ErrorCode.NetworkException"/> for a connection that broke and
    /// <see cref="ErrorCode.BrokerNotAvailable"/> when no broker of the bootstrap list was ever reached.
    /// </summary>
    public ErrorCode Code { get; }

    /// <summary>Whether the same may be tried again. Bytes that are damaged, or not Kafka's at all, will be so again.</summary>
    public bool IsRetriable => Code.IsRetriable() && Code != ErrorCode.CorruptMessage;

    /// <summary>The failure for an error code in a response, with the broker's own words where it sent some.</summary>
    public static ClientException Of(ErrorCode code, string? brokerMessage, string what) =>
        new(code, string.IsNullOrEmpty(brokerMessage) ? $"{what}: {ErrorText.Of(code)}" : $"{what}: {brokerMessage}");
}
