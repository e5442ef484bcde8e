using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Partitions;
using KBroker.Protocol;

namespace KBroker.Broker.Producing;

/// <summary>
/// Commits a group's offsets as a part of a producer's transaction (KIP-98, KIP-447): verified with the transaction's coordinator as
/// records are, then written by the group's coordinator, which holds them back until the transaction ends.
/// </summary>
/// <param name="groups">The groups here.</param>
/// <param name="verification">Asks the transaction's coordinator.</param>
public sealed class TransactionalOffsets(GroupCoordinator groups, TransactionVerification verification)
{
    private const int NoSequence = -1;

    /// <summary>Commits.</summary>
    /// <param name="transactionalId">The producer's name.</param>
    /// <param name="producer">Its id and epoch.</param>
    /// <param name="client">What its version knows.</param>
    /// <param name="groupId">The group.</param>
    /// <param name="committer">The member on whose behalf; old clients do not say.</param>
    /// <param name="offsets">What to commit.</param>
    /// <returns>One error for each offset, in their order.</returns>
    public async Task<ErrorCode[]> CommitAsync(
        string transactionalId,
        TransactionalProducer producer,
        TransactionalClient client,
        string groupId,
        OffsetCommitter committer,
        IReadOnlyList<OffsetToCommit> offsets)
    {
        ArgumentNullException.ThrowIfNull(groupId);
        ArgumentNullException.ThrowIfNull(offsets);
        ErrorCode refused = Check(producer, groupId, out Partition? partition);
        bool mustBeVerified = verification.IsRequired(client);
        long guard = 0;
        if (refused == ErrorCode.None && mustBeVerified)
        {
            var write = new TransactionalWrite(partition!, NoSequence);
            await verification.VerifyAsync(transactionalId, producer.ProducerId, producer.ProducerEpoch, [write], client).ConfigureAwait(false);
            refused = ForClients(write.Error);
            guard = write.Guard;
        }

        if (refused != ErrorCode.None) return [.. Enumerable.Repeat(refused, offsets.Count)];
        TransactionalProducer verified = producer with { MustBeVerified = mustBeVerified, VerificationGuard = guard };
        return await groups.CommitAsync(groupId, committer, -1, offsets, verified).ConfigureAwait(false);
    }

    private ErrorCode Check(TransactionalProducer producer, string groupId, out Partition? partition)
    {
        partition = null;
        if (groupId.Length == 0 || !CoordinatorRecord.FitsString(groupId)) return ErrorCode.InvalidGroupId;
        if (producer.ProducerId < 0) return ErrorCode.InvalidProducerIdMapping;
        return producer.ProducerEpoch < 0 ? ErrorCode.InvalidProducerEpoch : groups.FindPartition(groupId, out partition);
    }

    /// <summary>What became of the verification, in the terms of a group's coordinator: where it may pass, the client asks the same one again.</summary>
    private static ErrorCode ForClients(ErrorCode error) => error switch
    {
        ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError => ErrorCode.NotCoordinator,
        ErrorCode.NotEnoughReplicas or ErrorCode.NetworkException or ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable =>
            ErrorCode.CoordinatorLoadInProgress,
        _ => error,
    };
}
