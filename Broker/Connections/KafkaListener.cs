using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Connections;

/// <summary>
/// Serves one listener: accepts connections, runs each, and ends those that exceed a deadline. One timer looks after all of
/// its connections.
/// </summary>
/// <remarks>Lifecycle: construct, <see cref="Start"/> once, <see cref="StopAsync"/> or dispose.</remarks>
public sealed class KafkaListener : IAsyncDisposable
{
    private static readonly TimeSpan AcceptRetry = TimeSpan.FromMilliseconds(100);

    private readonly ITransportListener _transport;
    private readonly ListenerOptions _options;
    private readonly HandlerTable _handlers;
    private readonly ConnectionOptions _limits;
    private readonly ConnectionQuota _quota;
    private readonly TimeProvider _time;
    private readonly ConnectionLog _log;
    private readonly ConcurrentDictionary<KafkaConnection, Task> _connections = new();
    private readonly CancellationTokenSource _stopping = new();
    private ITimer? _sweep;
    private Task _accepting = Task.CompletedTask;
    private long _nextId;
    private int _sweeping;
    private bool _stopped;

    /// <summary>A listener over a bound transport, which it closes.</summary>
    public KafkaListener(
        ITransportListener transport, ListenerOptions options, HandlerTable handlers, ConnectionOptions limits,
        ConnectionQuota quota, TimeProvider time, ILogger<KafkaListener> logger)
    {
        _transport = transport;
        _options = options;
        _handlers = handlers;
        _limits = limits;
        _quota = quota;
        _time = time;
        _log = new ConnectionLog(logger, LogText.Escape(options.Name), time);
    }

    /// <summary>The bound address: with the real port where port 0 was asked for.</summary>
    public EndPoint EndPoint => _transport.EndPoint;

    /// <summary>The connections now open.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>Begins to accept.</summary>
    public void Start()
    {
        _sweep = _time.CreateTimer(static state => ((KafkaListener)state!).Sweep(), this, _limits.SweepInterval, _limits.SweepInterval);
        _accepting = AcceptAsync();
    }

    /// <summary>
    /// Stops accepting at once, lets every connection finish the requests it has taken, and breaks those that are not done
    /// within <paramref name="deadline"/>. Completes when all connections are closed. A second call does nothing.
    /// </summary>
    public async Task StopAsync(TimeSpan deadline)
    {
        if (_stopped) return;
        _stopped = true;
        await _stopping.CancelAsync().ConfigureAwait(false);
        _transport.Close();
        await _accepting.ConfigureAwait(false);
        foreach (KafkaConnection connection in _connections.Keys) connection.Drain();
        Task done = Task.WhenAll(_connections.Values);
        try
        {
            await done.WaitAsync(deadline, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            foreach (KafkaConnection connection in _connections.Keys) connection.Abort("the broker stops");
            await done.ConfigureAwait(false);
        }

        if (_sweep is not null) await _sweep.DisposeAsync().ConfigureAwait(false);
        await _transport.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Breaks all connections and closes the listener.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero).ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                ITransportConnection? transport = await _transport.AcceptAsync().ConfigureAwait(false);
                if (transport is null) return;
                await TakeAsync(transport).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                // Want of descriptors or memory passes; the connections that are open go on.
                _log.AcceptFailed(error);
                await WaitToRetryAsync().ConfigureAwait(false);
            }
        }
    }

    private ValueTask TakeAsync(ITransportConnection transport)
    {
        if (_quota.TryOpen(transport.RemoteEndPoint) is { } limit)
        {
            _log.Refused(transport.RemoteEndPoint?.ToString() ?? "", limit);
            return transport.DisposeAsync();
        }

        string id = Interlocked.Increment(ref _nextId).ToString(CultureInfo.InvariantCulture);
        var connection = new KafkaConnection(transport, id, _options, _handlers, _limits, _log);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connections[connection] = ended.Task;
        _ = RunAsync(connection, transport.RemoteEndPoint, ended);
        return ValueTask.CompletedTask;
    }

    private async Task RunAsync(KafkaConnection connection, EndPoint? remote, TaskCompletionSource ended)
    {
        // A first request that has arrived already is not dispatched on the accepting thread: others wait to be accepted.
        await Task.Yield();
        try
        {
            await connection.RunAsync().ConfigureAwait(false);
        }
        finally
        {
            _quota.Close(remote);
            _connections.TryRemove(connection, out _);
            ended.SetResult();
        }
    }

    private void Sweep()
    {
        // A sweep that takes longer than the interval is not joined by the next.
        if (Interlocked.Exchange(ref _sweeping, 1) != 0) return;
        long now = _time.GetTimestamp();
        foreach (KeyValuePair<KafkaConnection, Task> entry in _connections)
        {
            try
            {
                entry.Key.CheckDeadlines(now, _time);
            }
            catch (Exception error)
            {
                // An error on a timer's thread would end the process; here it concerns one connection.
                _log.Failed(entry.Key.Client, error);
            }
        }

        Volatile.Write(ref _sweeping, 0);
    }

    private async Task WaitToRetryAsync()
    {
        try
        {
            await Task.Delay(AcceptRetry, _time, _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The loop sees it too.
        }
    }
}
