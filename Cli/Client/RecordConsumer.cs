using System.Threading.Channels;
using KBroker.Protocol;

namespace KBroker.Cli.Client;

/// <summary>
/// Reads partitions of one topic from their leaders, without a group. Fetches run ahead of the reader by a few responses. Leader
/// changes and lost connections are got over; a damaged batch or a refusal ends it.
/// </summary>
public sealed class RecordConsumer : IAsyncDisposable
{
    private readonly Channel<FetchedRecords> _fetched = Channel.CreateBounded<FetchedRecords>(
        new BoundedChannelOptions(4) { SingleReader = true });

    private readonly ClusterClient _cluster;
    private readonly ConsumerOptions _options;
    private readonly Dictionary<int, PartitionPosition> _positions;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private TopicView _topic;

    private RecordConsumer(ClusterClient cluster, TopicView topic, ConsumerOptions options, Dictionary<int, PartitionPosition> positions)
    {
        _cluster = cluster;
        _topic = topic;
        _options = options;
        _positions = positions;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Looks the topic up, which may create it, and begins to fetch.</summary>
    /// <param name="cluster">The cluster; stays the caller's.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="options">What to go by.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ClientException">There is no such topic or partition, or no broker answers.</exception>
    public static async Task<RecordConsumer> StartAsync(
        ClusterClient cluster, string topic, ConsumerOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(options);
        TopicView view = await cluster.FindTopicAsync(topic, allowAutoCreation: true, options.TopicTimeout, cancellation)
            ?? throw new ClientException(ErrorCode.UnknownTopicOrPartition, $"Topic '{topic}' does not exist");
        var positions = new Dictionary<int, PartitionPosition>();
        foreach (int partition in options.Partitions ?? [.. view.Partitions.Select(item => item.Partition)])
        {
            if (view.Find(partition) is null)
                throw new ClientException(ErrorCode.UnknownTopicOrPartition, $"Topic '{topic}' has no partition {partition}");
            positions[partition] = new PartitionPosition(partition, options.PartitionMaxBytes) { Start = options.Start };
        }

        // The end is that of this moment: what is written while the rest is prepared belongs to the reader.
        var offsets = new OffsetLookup(cluster, options.ReadCommitted);
        await offsets.ResolveAllAsync(topic, positions.Values, cancellation);
        return new RecordConsumer(cluster, view, options, positions);
    }

    /// <summary>The next records, or null after <paramref name="timeout"/> without any.</summary>
    /// <exception cref="ClientException">It cannot go on.</exception>
    public async ValueTask<FetchedRecords?> ReadAsync(TimeSpan timeout, CancellationToken cancellation)
    {
        if (TryRead(out FetchedRecords? ready)) return ready;
        try
        {
            Task<bool> waiting = _fetched.Reader.WaitToReadAsync(cancellation).AsTask();
            bool more = timeout == Timeout.InfiniteTimeSpan
                ? await waiting
                : await waiting.WaitAsync(timeout, _cluster.Options.Time, cancellation);
            return more && TryRead(out ready) ? ready : null;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Records that are there already, without waiting.</summary>
    public bool TryRead(out FetchedRecords? records) => _fetched.Reader.TryRead(out records);

    /// <summary>Stops fetching.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            var backoff = new RetryBackoff(_cluster.Options, TimeSpan.MaxValue);
            while (true)
            {
                bool progressed = await FetchUntilTroubleAsync();
                if (progressed) backoff = new RetryBackoff(_cluster.Options, TimeSpan.MaxValue);
                await backoff.WaitAsync(_stop.Token);
                await RefreshAsync();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            _fetched.Writer.TryComplete();
        }
        catch (Exception e)
        {
            // The loop's one catch-all: the reader gets whatever ended it.
            _fetched.Writer.TryComplete(e);
        }
    }

    /// <summary>
    /// One loop for each leader, until one of them needs fresh metadata; then all are stopped. True if anything was fetched.
    /// </summary>
    private async Task<bool> FetchUntilTroubleAsync()
    {
        using var round = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var loops = new List<Task<bool>>();
        foreach (var led in _positions.Values.GroupBy(position => _topic.Find(position.Partition)?.LeaderId ?? -1))
        {
            if (led.Key < 0) loops.Add(WaitForLeaderAsync(round.Token));
            else loops.Add(new LeaderFetcher(_cluster, _topic, _options, [.. led], _fetched.Writer).RunAsync(led.Key, round.Token));
        }

        await Task.WhenAny(loops);
        await round.CancelAsync();
        bool progressed = false;
        Exception? failure = null;
        foreach (Task<bool> loop in loops)
        {
            try
            {
                progressed |= await loop;
            }
            catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
            {
                // Stopped because of another.
            }
            catch (Exception e)
            {
                failure ??= e;
            }
        }

        if (failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        return progressed;
    }

    private async Task<bool> WaitForLeaderAsync(CancellationToken cancellation)
    {
        await Task.Delay(_cluster.Options.RetryBackoffMax, _cluster.Options.Time, cancellation);
        return false;
    }

    private async Task RefreshAsync()
    {
        try
        {
            TopicView? fresh = await _cluster.FindTopicAsync(_topic.Name, allowAutoCreation: false, TimeSpan.Zero, _stop.Token);
            if (fresh is not null) _topic = fresh;
            var offsets = new OffsetLookup(_cluster, _options.ReadCommitted);
            await offsets.ResolveAllAsync(_topic.Name, _positions.Values, _stop.Token);
        }
        catch (ClientException e) when (e.IsRetriable)
        {
            _cluster.Options.Warn(e.Message);
        }
    }
}
