using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Metadata;
using KBroker.Broker.Partitions;
using KBroker.LogEngine.Producers;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>
/// Writes markers to the partitions that this broker leads, with acks=all. Those that another broker leads are answered with
/// NOT_LEADER_OR_FOLLOWER: they are its to write.
/// </summary>
/// <param name="partitions">Finds partitions.</param>
/// <param name="groups">Takes the markers of <c>__consumer_offsets</c>, whose groups have to hear of them.</param>
/// <param name="time">For the markers' timestamps and the deadline of their replicas.</param>
/// <param name="timeout">How long a marker waits for replicas (<c>request.timeout.ms</c>).</param>
public sealed class TransactionMarkers(PartitionLookup partitions, GroupCoordinator groups, TimeProvider time, Func<TimeSpan> timeout)
    : ITransactionMarkers
{
    /// <inheritdoc/>
    /// <remarks>
    /// The errors: UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS, REQUEST_TIMED_OUT and KAFKA_STORAGE_ERROR
    /// may pass; INVALID_PRODUCER_EPOCH, where a later epoch has written, TRANSACTION_COORDINATOR_FENCED, where a later coordinator has,
    /// and INVALID_REQUEST for an id or an epoch that no producer has do not.
    /// </remarks>
    public void Write(TransactionEnd end, Action<IReadOnlyList<ErrorCode>> done)
    {
        ArgumentNullException.ThrowIfNull(end);
        ArgumentNullException.ThrowIfNull(done);
        var answers = new Task<ErrorCode>[end.Partitions.Count];
        for (int i = 0; i < answers.Length; i++) answers[i] = MarkAsync(end, end.Partitions[i]);
        _ = FinishAsync(answers, done);
    }

    /// <summary>The marker as a batch.</summary>
    internal static byte[] ToBatch(TransactionEnd end, TimeProvider time) => new EndTransactionMarker(end.Commit, end.CoordinatorEpoch)
        .ToBatch(end.ProducerId, end.ProducerEpoch, time.GetUtcNow().ToUnixTimeMilliseconds());

    private static async Task FinishAsync(Task<ErrorCode>[] answers, Action<IReadOnlyList<ErrorCode>> done) =>
        done(await Task.WhenAll(answers).ConfigureAwait(false));

    private async Task<ErrorCode> MarkAsync(TransactionEnd end, TopicPartition at)
    {
        if (end.ProducerId < 0 || end.ProducerEpoch < 0) return ErrorCode.InvalidRequest;
        ErrorCode missing = partitions.Find(at.Topic, at.Partition, out Partition? partition);
        if (partition is null) return missing;
        if (at.Topic == InternalTopics.ConsumerOffsets) return await groups.CompleteTransactionAsync(at.Partition, end).ConfigureAwait(false);
        LeaderEpoch epoch = partition.Leadership.LeaderEpoch;
        PartitionAppendResult appended = partition.AppendAsLeader(
            ToBatch(end, time), allReplicas: true, new AppendTerms(AppendOrigin.Coordinator) { MarkerRaisesEpoch = end.RaisesEpoch });
        return appended.Error != ErrorCode.None
            ? appended.Error
            : await AcknowledgementWaiter.WaitAsync(partition, appended.NextOffset, epoch, allReplicas: true, timeout(), time).ConfigureAwait(false);
    }
}
