namespace KBroker.Broker.Connections;

/// <summary>
/// Judges from looks at a connection every now and then whether its client is too slow. The connection itself only counts
/// bytes: no clock is read on the path of a request.
/// </summary>
internal sealed class ConnectionDeadlines(ConnectionOptions options)
{
    private ConnectionActivity _last;
    private long _lastReceive = -1;
    private long _lastSend;
    private long _lastSign;
    private long _frameSeen;
    private long _frameBytes;

    /// <summary>Why the connection is to be closed, or null. <paramref name="now"/> is a timestamp of the time provider.</summary>
    public string? Check(in ConnectionActivity activity, long now, TimeProvider time)
    {
        if (_lastReceive < 0) (_lastReceive, _lastSend, _lastSign, _frameSeen) = (now, now, now, now);
        bool received = activity.BytesReceived != _last.BytesReceived;
        bool sent = activity.BytesSent != _last.BytesSent;
        if (received || !activity.IsAwaitingClient || !_last.IsAwaitingClient) _lastReceive = now;
        if (sent || !activity.IsSending || !_last.IsSending) _lastSend = now;
        if (received || sent || activity.IsBusy || activity.IsAwaitingClient) _lastSign = now;
        if (!activity.IsAwaitingClient || !_last.IsAwaitingClient) (_frameSeen, _frameBytes) = (now, activity.BytesReceived);
        _last = activity;

        if (activity.IsAwaitingClient && IsTooSlow(activity, now, time)) return "a request arrives too slowly";
        if (activity.IsSending && time.GetElapsedTime(_lastSend, now) >= options.WriteTimeout)
            return "the client does not read its responses";
        return time.GetElapsedTime(_lastSign, now) >= options.IdleTimeout ? "idle" : null;
    }

    private bool IsTooSlow(in ConnectionActivity activity, long now, TimeProvider time)
    {
        if (time.GetElapsedTime(_lastReceive, now) >= options.ReadTimeout) return true;
        TimeSpan elapsed = time.GetElapsedTime(_frameSeen, now);
        return elapsed >= options.ReadTimeout && activity.BytesReceived - _frameBytes < elapsed.TotalSeconds * options.MinReadRate;
    }
}
