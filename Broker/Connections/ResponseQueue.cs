using System.Runtime.CompilerServices;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Connections;

/// <summary>
/// Sends the responses of one connection in the order of its requests. A response that is complete while none waits is sent
/// by the caller; otherwise it joins a bounded queue, which a drain loop empties while there is something in it.
/// </summary>
/// <remarks>
/// Only the connection's frame loop posts, one response at a time. Either the caller or the drain loop sends, never both:
/// the caller sends only while no drain loop runs, and only the caller starts one.
/// </remarks>
internal sealed class ResponseQueue(ITransportConnection transport, int capacity)
{
    private readonly Lock _gate = new();
    private readonly Queue<QueuedResponse> _waiting = new();
    private readonly ResponseEncoder _encoder = new();
    private readonly ResponseBuffer _buffer = new();
    private TaskCompletionSource? _changed;
    private bool _draining;
    private volatile bool _sending;

    /// <summary>Why sending stopped; null while it works.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Whether bytes wait for the client to take them.</summary>
    public bool IsSending => _sending;

    /// <summary>Whether any response is not sent yet.</summary>
    public bool IsBusy
    {
        get
        {
            lock (_gate) return _draining || _sending;
        }
    }

    /// <summary>
    /// Takes the next response. Completes when the next request may be read: at once, when the response is sent, or when the
    /// queue has room again.
    /// </summary>
    public ValueTask PostAsync(QueuedResponse response)
    {
        IApiMessage? message = response.Response.Message;
        lock (_gate)
        {
            if (Failure is not null)
            {
                response.Discard();
                throw new IOException("The connection failed while sending.", Failure);
            }

            if (!_draining && message is not null)
            {
                // Falls through to sending without the lock: no drain loop runs, and only this caller could start one.
            }
            else
            {
                _waiting.Enqueue(response);
                message = null;
            }
        }

        return message is not null ? WriteAsync(message, response) : AfterEnqueueAsync();
    }

    /// <summary>Completes when nothing waits any more, or sending has failed.</summary>
    public async Task WhenDrainedAsync()
    {
        while (Pending(0) is { } change) await change.ConfigureAwait(false);
    }

    private ValueTask AfterEnqueueAsync()
    {
        bool start;
        lock (_gate)
        {
            start = !_draining;
            _draining = true;
        }

        if (start) _ = DrainAsync();
        return Pending(capacity - 1) is { } change ? WaitForRoomAsync(change) : ValueTask.CompletedTask;
    }

    private async ValueTask WaitForRoomAsync(Task change)
    {
        for (Task? next = change; next is not null; next = Pending(capacity - 1)) await next.ConfigureAwait(false);
    }

    /// <summary>The next change of the queue, if more than <paramref name="most"/> responses wait; null otherwise.</summary>
    private Task? Pending(int most)
    {
        lock (_gate)
        {
            if (Failure is not null || (most == 0 ? !_draining : _waiting.Count <= most)) return null;
            return (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private async Task DrainAsync()
    {
        try
        {
            while (true)
            {
                QueuedResponse next;
                lock (_gate)
                {
                    if (_waiting.Count == 0)
                    {
                        _draining = false;
                        Changed();
                        return;
                    }

                    next = _waiting.Peek();
                }

                IApiMessage message = next.Response.Message ?? await next.Response.Task!.ConfigureAwait(false);
                lock (_gate)
                {
                    // A failure elsewhere has emptied the queue meanwhile.
                    if (Failure is not null) return;
                    _waiting.Dequeue();
                }

                await WriteAsync(message, next).ConfigureAwait(false);
                lock (_gate) Changed();
            }
        }
        catch (Exception error)
        {
            // The one catch of the sending side: the frame loop finds the failure and reports it.
            Fail(error);
            transport.Abort();
        }
    }

    /// <summary>Drops what waits; later posts fail.</summary>
    public void Fail(Exception error)
    {
        QueuedResponse[] dropped;
        lock (_gate)
        {
            Failure ??= error;
            _draining = false;
            dropped = [.. _waiting];
            _waiting.Clear();
            Changed();
        }

        foreach (QueuedResponse response in dropped) response.Discard();
    }

    private ValueTask WriteAsync(IApiMessage message, QueuedResponse response)
    {
        bool pending = false;
        try
        {
            _encoder.Encode(message, response.ApiVersion, response.CorrelationId, _buffer);
            _sending = true;
            ValueTask sending = transport.SendAsync(_buffer);
            pending = !sending.IsCompleted;
            return pending ? FinishWriteAsync(sending) : sending;
        }
        finally
        {
            if (!pending) Written();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FinishWriteAsync(ValueTask sending)
    {
        try
        {
            await sending.ConfigureAwait(false);
        }
        finally
        {
            Written();
        }
    }

    private void Written()
    {
        _sending = false;
        _buffer.Reset();
    }

    private void Changed()
    {
        _changed?.TrySetResult();
        _changed = null;
    }
}
