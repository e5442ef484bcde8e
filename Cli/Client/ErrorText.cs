using KBroker.Protocol;

namespace KBroker.Cli.Client;

/// <summary>Says in words what an error code means, for the codes that these commands meet.</summary>
public static class ErrorText
{
    /// <summary>A sentence without its full stop, followed by the code's name in Kafka.</summary>
    public static string Of(ErrorCode code)
    {
        string text = code switch
        {
            ErrorCode.UnknownTopicOrPartition => "the topic or the partition does not exist",
            ErrorCode.UnknownTopicId => "no topic has this id",
            ErrorCode.TopicAlreadyExists => "the topic exists already",
            ErrorCode.InvalidTopicException => "the name is not valid for a topic: use 1 to 249 letters, digits, '.', '_' and '-'",
            ErrorCode.InvalidPartitions => "the number of partitions is not valid",
            ErrorCode.InvalidReplicationFactor => "the replication factor is below 1 or above the number of brokers",
            ErrorCode.InvalidReplicaAssignment => "the replica assignment is not valid",
            ErrorCode.InvalidConfig => "a configuration is not valid",
            ErrorCode.InvalidRequest => "the broker finds the request not valid",
            ErrorCode.PolicyViolation => "a policy of the cluster forbids it",
            ErrorCode.LeaderNotAvailable => "the partition has no leader at the moment",
            ErrorCode.NotLeaderOrFollower => "the broker is not the partition's leader any more",
            ErrorCode.NotController => "the broker is not the controller any more",
            ErrorCode.RequestTimedOut => "the broker did not finish in time",
            ErrorCode.NetworkException => "the connection broke",
            ErrorCode.MessageTooLarge => "the record batch is larger than the topic's max.message.bytes allows",
            ErrorCode.RecordListTooLarge => "the record batch is larger than a segment of the topic",
            ErrorCode.CorruptMessage => "a record batch is damaged: its checksum or structure is wrong",
            ErrorCode.InvalidRecord => "the broker refuses the record",
            ErrorCode.InvalidTimestamp => "the timestamp is too far from the broker's time",
            ErrorCode.InvalidRequiredAcks => "acks must be -1 (all), 0 or 1",
            ErrorCode.NotEnoughReplicas => "fewer replicas are in sync than min.insync.replicas asks for",
            ErrorCode.NotEnoughReplicasAfterAppend => "written, but then fewer replicas were in sync than min.insync.replicas asks for",
            ErrorCode.OffsetOutOfRange => "the partition does not hold this offset",
            ErrorCode.UnsupportedVersion => "the broker does not serve this version of the request",
            ErrorCode.UnsupportedCompressionType => "the topic or the broker does not accept this compression",
            ErrorCode.TopicAuthorizationFailed => "no permission on the topic",
            ErrorCode.ClusterAuthorizationFailed => "no permission on the cluster",
            ErrorCode.TopicDeletionDisabled => "the brokers run with delete.topic.enable=false",
            ErrorCode.KafkaStorageError => "the broker cannot read or write its disk",
            ErrorCode.ThrottlingQuotaExceeded => "a quota is used up",
            ErrorCode.GroupIdNotFound => "no group has this id",
            ErrorCode.InvalidGroupId => "the id is not valid for a group",
            ErrorCode.NonEmptyGroup => "the group has members",
            ErrorCode.GroupSubscribedToTopic => "members of the group read this topic",
            ErrorCode.GroupAuthorizationFailed => "no permission on the group",
            ErrorCode.UnknownMemberId => "the group has members, and this is none of them",
            ErrorCode.IllegalGeneration => "the group has gone on to another generation",
            ErrorCode.RebalanceInProgress => "the group is rebalancing",
            ErrorCode.CoordinatorNotAvailable => "the coordinator is not there at the moment",
            ErrorCode.CoordinatorLoadInProgress => "the coordinator is still loading",
            ErrorCode.NotCoordinator => "the broker is not the coordinator any more",
            ErrorCode.TransactionalIdNotFound => "no transactional id of this name is known",
            ErrorCode.TransactionalIdAuthorizationFailed => "no permission on the transactional id",
            ErrorCode.InvalidTxnState => "the transaction is not in a state for this",
            ErrorCode.InvalidProducerEpoch => "the producer has a newer epoch",
            ErrorCode.TransactionCoordinatorFenced => "the transaction has a newer coordinator",
            ErrorCode.UnknownServerError => "the broker ran into an unexpected error; its log tells more",
            _ => "",
        };
        return text.Length == 0 ? code.Name() : $"{text} ({code.Name()})";
    }
}
