using System.Text;
using KBroker.Broker.Connections;
using KBroker.Broker.Fetching;
using KBroker.Broker.Partitions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// Fetch (key 1): reads batches of many partitions, waiting for a minimum of bytes.
/// </summary>
/// <remarks>
/// Versions 4-18. v4: isolation level, last stable offset, aborted transactions (KIP-98). v5: log start offset (KIP-107). v7:
/// incremental sessions (KIP-227). v9: current leader epoch (KIP-320). v11: rack and preferred read replica (KIP-392). v12:
/// flexible, last fetched epoch and diverging epoch (KIP-595). v13: topic ids (KIP-516). v15: replica state in a tagged field
/// (KIP-903). v16: new leaders' addresses (KIP-951). v17: replica directory (KIP-853). v18: high watermark of a replica
/// (KIP-1166). Versions 0-3 knew only the old message formats and are not served, as in Kafka 4.
/// </remarks>
public sealed class FetchHandler : ApiHandler
{
    private const int ConsumerReplicaId = -1;

    private readonly FetchSessionCache _sessions;
    private readonly FetchReader _reader;
    private readonly TimeProvider _time;
    private readonly Func<int> _maxBytes;
    private readonly CancellationToken _stopping;

    /// <param name="sessions">The incremental sessions.</param>
    /// <param name="reader">Reads the partitions.</param>
    /// <param name="time">Gives the deadline of waiting requests.</param>
    /// <param name="maxBytes"><c>fetch.max.bytes</c> now in force.</param>
    /// <param name="stopping">Cancelled when the broker stops: what waits is answered with what there is.</param>
    public FetchHandler(FetchSessionCache sessions, FetchReader reader, TimeProvider time, Func<int> maxBytes, CancellationToken stopping)
        : base(ApiKey.Fetch, 4, 18)
    {
        _sessions = sessions;
        _reader = reader;
        _time = time;
        _maxBytes = maxBytes;
        _stopping = stopping;
    }

    /// <inheritdoc/>
    public override ValueTask<PendingResponse> HandleAsync(in RequestContext context)
    {
        var reader = new KafkaReader(context.Body);
        var request = FetchRequestView.Read(ref reader, context.ApiVersion);
        RequestContext.CheckConsumed(in reader);

        bool usesTopicIds = context.ApiVersion >= 13;
        int replicaId = context.ApiVersion < 15 ? request.ReplicaId : request.HasReplicaState ? request.ReplicaState.ReplicaId : ConsumerReplicaId;
        FetchContext fetch = _sessions.Open(
            new FetchRequestMetadata(request.SessionId, request.SessionEpoch),
            Requested(request, usesTopicIds),
            Forgotten(request, usesTopicIds),
            usesTopicIds,
            isFollower: replicaId >= 0);
        if (fetch.Error != ErrorCode.None) return Answer(FetchAnswers.Failed(fetch.Error));

        int maxBytes = Math.Min(Math.Max(request.MaxBytes, 0), _maxBytes());
        var limits = new FetchLimits(
            maxBytes,
            Math.Min(Math.Max(request.MinBytes, 0), maxBytes),
            TimeSpan.FromMilliseconds(Math.Max(request.MaxWaitMs, 0)),
            request.IsolationLevel == (sbyte)ReadIsolation.ReadCommitted ? ReadIsolation.ReadCommitted : ReadIsolation.ReadUncommitted,
            IsReplica: replicaId >= 0 || replicaId < ConsumerReplicaId - 1);

        FetchRound round = _reader.Read(fetch.Partitions, limits);
        if (round.IsEnough(limits)) return Answer(FetchAnswers.Create(fetch, round, usesTopicIds, limits.Isolation));
        return ValueTask.FromResult(PendingResponse.Later(WaitAsync(fetch, round, limits, usesTopicIds, context.Closed)));
    }

    private static ValueTask<PendingResponse> Answer(FetchResponse response) => ValueTask.FromResult(PendingResponse.Ready(response));

    private async Task<IApiMessage> WaitAsync(
        FetchContext fetch, FetchRound round, FetchLimits limits, bool usesTopicIds, CancellationToken closed)
    {
        long started = _time.GetTimestamp();
        while (true)
        {
            TimeSpan left = limits.MaxWait - _time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || closed.IsCancellationRequested || _stopping.IsCancellationRequested) break;

            using var waiter = new FetchWaiter(round.Waitable, limits.MinBytes - round.Bytes, left, _time, (closed, _stopping));
            // What became visible between the read and the registration has signalled nobody.
            if (round.IsOutdated()) waiter.Wake();
            await waiter.Woken.ConfigureAwait(false);

            round.Release();
            round = _reader.Read(fetch.Partitions, limits);
            if (round.IsEnough(limits)) break;
        }

        return FetchAnswers.Create(fetch, round, usesTopicIds, limits.Isolation);
    }

    private static FetchPartition[] Requested(in FetchRequestView request, bool usesTopicIds)
    {
        int count = 0;
        foreach (FetchRequestView.FetchTopic topic in request.Topics) count += topic.Partitions.Count;
        if (count == 0) return [];

        var partitions = new FetchPartition[count];
        HashSet<FetchPartitionKey>? seen = count > 1 ? new(count) : null;
        int next = 0;
        foreach (FetchRequestView.FetchTopic topic in request.Topics)
        {
            string? name = usesTopicIds ? null : Encoding.UTF8.GetString(topic.Topic);
            foreach (FetchRequestView.FetchPartition wanted in topic.Partitions)
            {
                var key = new FetchPartitionKey(topic.TopicId, name, wanted.Partition);
                // A partition named twice is read once.
                if (seen is not null && !seen.Add(key)) continue;
                partitions[next++] = new FetchPartition(key)
                {
                    FetchOffset = wanted.FetchOffset,
                    MaxBytes = wanted.PartitionMaxBytes,
                    CurrentLeaderEpoch = new LeaderEpoch(Math.Max(wanted.CurrentLeaderEpoch, -1)),
                    LastFetchedEpoch = new LeaderEpoch(Math.Max(wanted.LastFetchedEpoch, -1)),
                    FetcherLogStartOffset = wanted.LogStartOffset,
                };
            }
        }

        return next == count ? partitions : partitions[..next];
    }

    private static FetchPartitionKey[] Forgotten(in FetchRequestView request, bool usesTopicIds)
    {
        if (request.ForgottenTopicsData.Count == 0) return [];
        var keys = new List<FetchPartitionKey>();
        foreach (FetchRequestView.ForgottenTopic topic in request.ForgottenTopicsData)
        {
            string? name = usesTopicIds ? null : Encoding.UTF8.GetString(topic.Topic);
            foreach (int index in topic.Partitions) keys.Add(new FetchPartitionKey(topic.TopicId, name, index));
        }

        return [.. keys];
    }
}
