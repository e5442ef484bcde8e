using KBroker.Protocol;
using KBroker.Protocol.Compression;

namespace KBroker.Cli.Client;

/// <summary>
/// Produces records to one topic, gathered into batches by partition. Order within a partition is kept, also over retries. One
/// caller sends at a time. A batch whose fate is unknown is sent again, so that a record can appear twice when a broker fails.
/// </summary>
public sealed class RecordProducer : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly ClusterClient _cluster;
    private readonly ProducerOptions _options;
    private readonly CompressionCodecs _codecs = new();
    private readonly RecordPartitioner _partitioner;
    private readonly BatchSender _sender;
    private readonly Dictionary<int, PartitionQueue> _queues = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Action<DeliveryError> _onError;
    private long _buffered;
    private int _flushers;
    private bool _isClosing;
    private TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RecordProducer(ClusterClient cluster, TopicView topic, ProducerOptions options, Action<DeliveryError> onError)
    {
        _cluster = cluster;
        _options = options;
        _onError = onError;
        _partitioner = new RecordPartitioner(cluster.Options.Random, options.BatchSize);
        _sender = new BatchSender(cluster, topic, options);
    }

    /// <summary>The records that the broker acknowledged, or with acks=0 that were sent.</summary>
    public long Delivered { get; private set; }

    /// <summary>The records that were not delivered.</summary>
    public long Failed { get; private set; }

    /// <summary>Looks the topic up, which may create it, and makes a producer.</summary>
    /// <param name="cluster">The cluster; stays the caller's.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="options">What to go by.</param>
    /// <param name="onError">Told of records that were not delivered, from any thread.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ClientException">The topic does not exist, or no broker answers.</exception>
    public static async Task<RecordProducer> StartAsync(
        ClusterClient cluster, string topic, ProducerOptions options, Action<DeliveryError> onError, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(options);
        TopicView view = await cluster.FindTopicAsync(topic, allowAutoCreation: true, options.MaxBlock, cancellation)
            ?? throw new ClientException(
                ErrorCode.UnknownTopicOrPartition,
                $"Topic '{topic}' does not exist and was not created within {options.MaxBlock.TotalMilliseconds:0} ms (max.block.ms)");
        return new RecordProducer(cluster, view, options, onError);
    }

    /// <summary>
    /// Takes a record, waiting while the buffer is full. Whether it was delivered shows later: in <see cref="Delivered"/>, or
    /// through the error callback.
    /// </summary>
    public ValueTask SendAsync(in ProducerRecord record, CancellationToken cancellation)
    {
        long size = record.MaxSize;
        if (size + Protocol.Records.RecordBatchFormat.RecordsOffset > _options.MaxRequestSize)
        {
            Report(new DeliveryError(-1, 1, new ClientException(
                ErrorCode.MessageTooLarge,
                $"A record of {size} bytes is larger than max.request.size, {_options.MaxRequestSize} bytes")));
            return ValueTask.CompletedTask;
        }

        lock (_gate)
        {
            if (_buffered == 0 || _buffered + size <= _options.BufferMemory)
            {
                Append(record, size);
                return ValueTask.CompletedTask;
            }
        }

        return new ValueTask(SendWhenThereIsRoomAsync(record, size, cancellation));
    }

    /// <summary>Sends what waits, and returns when every record was delivered or has failed.</summary>
    public async Task FlushAsync(CancellationToken cancellation)
    {
        lock (_gate) _flushers++;
        try
        {
            while (true)
            {
                Task drained;
                lock (_gate)
                {
                    if (_buffered == 0) return;
                    foreach (PartitionQueue queue in _queues.Values) queue.Wake();
                    drained = Drained();
                }

                await drained.WaitAsync(cancellation);
            }
        }
        finally
        {
            lock (_gate) _flushers--;
        }
    }

    /// <summary>Stops; what was not flushed is not sent.</summary>
    public async ValueTask DisposeAsync()
    {
        List<Task> loops;
        lock (_gate)
        {
            _isClosing = true;
            loops = [.. _queues.Values.Select(queue => queue.Sending)];
            foreach (PartitionQueue queue in _queues.Values) queue.Wake();
        }

        await _stop.CancelAsync();
        foreach (Task loop in loops) await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _sender.Dispose();
        _codecs.Dispose();
        _stop.Dispose();
    }

    private async Task SendWhenThereIsRoomAsync(ProducerRecord record, long size, CancellationToken cancellation)
    {
        long started = _cluster.Options.Time.GetTimestamp();
        while (true)
        {
            Task drained;
            lock (_gate)
            {
                if (_buffered == 0 || _buffered + size <= _options.BufferMemory)
                {
                    Append(record, size);
                    return;
                }

                drained = Drained();
            }

            TimeSpan left = _options.MaxBlock - _cluster.Options.Time.GetElapsedTime(started);
            try
            {
                await drained.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _cluster.Options.Time, cancellation);
            }
            catch (TimeoutException)
            {
                Report(new DeliveryError(-1, 1, new ClientException(
                    ErrorCode.RequestTimedOut,
                    $"The buffer of {_options.BufferMemory} bytes stayed full for {_options.MaxBlock.TotalMilliseconds:0} ms (max.block.ms)")));
                return;
            }
        }
    }

    private void Append(in ProducerRecord record, long size)
    {
        int partition = record.Partition
            ?? (record.Key is { } key
                ? RecordPartitioner.ForKey(key.Span, _sender.Topic.Partitions.Count)
                : _partitioner.ForNoKey(_sender.Topic, (int)size));
        if (!_queues.TryGetValue(partition, out PartitionQueue? queue))
        {
            _queues[partition] = queue = new PartitionQueue(partition);
            queue.Sending = Task.Run(() => SendLoopAsync(queue));
        }

        if (queue.Open is { } open && open.Size + size > Math.Min(_options.BatchSize, _options.MaxRequestSize)) queue.CloseOpen();
        if (queue.Open is null) queue.Begin(new PendingBatch(_options.Compression, _codecs, _cluster.Options.Time.GetTimestamp()));
        queue.Open!.Append(record, record.Timestamp ?? _cluster.Options.Time.GetUtcNow().ToUnixTimeMilliseconds(), size);
        _buffered += size;
        if (queue.Open.Size >= _options.BatchSize) queue.CloseOpen();
    }

    private async Task SendLoopAsync(PartitionQueue queue)
    {
        while (true)
        {
            PendingBatch? batch;
            Task changed;
            TimeSpan wait = Timeout.InfiniteTimeSpan;
            lock (_gate)
            {
                batch = queue.Take(MayGo);
                if (batch is null && _isClosing) return;
                queue.Arm();
                changed = queue.Changed;
                if (queue.Open is { } open) wait = _options.Linger - Age(open);
            }

            if (batch is not null) await DeliverAsync(queue, batch);
            else if (wait == Timeout.InfiniteTimeSpan) await changed;
            else if (wait > TimeSpan.Zero) await Task.WhenAny(changed, Task.Delay(wait, _cluster.Options.Time, _stop.Token));
        }
    }

    private async Task DeliverAsync(PartitionQueue queue, PendingBatch batch)
    {
        DeliveryError? error = null;
        try
        {
            await _sender.SendAsync(queue.Partition, batch, _stop.Token);
        }
        catch (ClientException e)
        {
            error = new DeliveryError(queue.Partition, batch.RecordCount, e);
        }
        catch (OperationCanceledException e)
        {
            error = new DeliveryError(queue.Partition, batch.RecordCount, new ClientException("The producer was closed before", e));
        }
        catch (Exception e)
        {
            // A bug must not leave the records unaccounted for, and the caller waiting for them.
            error = new DeliveryError(queue.Partition, batch.RecordCount, new ClientException($"{e.GetType().Name}: {e.Message}", e));
        }

        if (error is not null) Report(error);
        lock (_gate)
        {
            if (error is null) Delivered += batch.RecordCount;
            _buffered -= batch.ReservedBytes;
            _drained.TrySetResult();
        }

        batch.Dispose();
    }

    private void Report(DeliveryError error)
    {
        lock (_gate) Failed += error.RecordCount;
        _onError(error);
    }

    private bool MayGo(PendingBatch open) => _flushers > 0 || _isClosing || Age(open) >= _options.Linger;

    private TimeSpan Age(PendingBatch batch) => _cluster.Options.Time.GetElapsedTime(batch.CreatedAt);

    private Task Drained()
    {
        if (_drained.Task.IsCompleted) _drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _drained.Task;
    }
}
