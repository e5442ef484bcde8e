using System.Net.Sockets;
using KBroker.Protocol.Wire;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Connections;

/// <summary>
/// Logs how connections of one listener end. What clients can cause at will is limited to one line a second; the line says
/// how many were left out. Unexpected errors are counted apart, so that no flood of bad requests hides one.
/// </summary>
internal sealed partial class ConnectionLog(ILogger logger, string listener, TimeProvider time)
{
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(1);

    private readonly LineLimit _clients = new(time, LineInterval);
    private readonly LineLimit _bugs = new(time, LineInterval);

    /// <summary>The broker ended a connection, for a reason that is not the client's bytes.</summary>
    public void Closed(ClientConnection client, string reason) => ClosedLine(listener, client.Id, client.ClientHost, reason);

    /// <summary>A connection ended with an error.</summary>
    public void Failed(ClientConnection client, Exception error)
    {
        if (error is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
            LostLine(listener, client.Id, client.ClientHost, LogText.Escape(error.Message));
        else if (error is MalformedMessageException)
            LogMalformed(client, error);
        else if (_bugs.MayLog(out int left))
            BugLine(listener, client.Id, client.ClientHost, left, error);
    }

    /// <summary>A connection was refused because too many are open.</summary>
    public void Refused(string host, string limit)
    {
        if (_clients.MayLog(out int left)) RefusedLine(listener, host, limit, left);
    }

    /// <summary>Accepting failed; the listener goes on.</summary>
    public void AcceptFailed(Exception error)
    {
        if (_clients.MayLog(out int left)) AcceptFailedLine(listener, LogText.Escape(error.InnerException?.Message ?? error.Message), left);
    }

    private void LogMalformed(ClientConnection client, Exception error)
    {
        if (_clients.MayLog(out int left)) MalformedLine(listener, client.Id, client.ClientHost, LogText.Escape(error.Message), left);
    }

    [LoggerMessage(1, LogLevel.Debug, "{Listener}: closed connection {Id} from {Host}: {Reason}")]
    private partial void ClosedLine(string listener, string id, string host, string reason);

    [LoggerMessage(2, LogLevel.Debug, "{Listener}: lost connection {Id} from {Host}: {Message}")]
    private partial void LostLine(string listener, string id, string host, string message);

    [LoggerMessage(3, LogLevel.Warning, "{Listener}: closed connection {Id} from {Host}, which sent no valid request: {Message} ({Left} similar lines left out)")]
    private partial void MalformedLine(string listener, string id, string host, string message, int left);

    [LoggerMessage(4, LogLevel.Error, "{Listener}: closed connection {Id} from {Host} after an unexpected error ({Left} similar lines left out)")]
    private partial void BugLine(string listener, string id, string host, int left, Exception error);

    [LoggerMessage(5, LogLevel.Warning, "{Listener}: refused a connection from {Host}: {Limit} reached ({Left} similar lines left out)")]
    private partial void RefusedLine(string listener, string host, string limit, int left);

    [LoggerMessage(6, LogLevel.Warning, "{Listener}: cannot accept connections: {Message} ({Left} similar lines left out)")]
    private partial void AcceptFailedLine(string listener, string message, int left);
}
