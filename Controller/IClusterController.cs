using KBroker.Controller.Metadata;

namespace KBroker.Controller;

/// <summary>
/// The controller as the broker's handlers see it. Answers come after the change is durable and every subscriber of the
/// metadata feed has seen it. Where this process is not the controller, every answer is NOT_CONTROLLER. A task faults only
/// if the disk or the code is broken. Thread-safe.
/// </summary>
public interface IClusterController
{
    /// <summary>Whether this process is the controller now.</summary>
    bool IsActive { get; }

    /// <summary>
    /// Creates topics, each on its own: one result per name. Errors: INVALID_TOPIC_EXCEPTION, TOPIC_ALREADY_EXISTS,
    /// INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT, INVALID_CONFIG, POLICY_VIOLATION,
    /// INVALID_REQUEST (a name twice, or both counts and assignments).
    /// </summary>
    Task<IReadOnlyList<CreateTopicResult>> CreateTopicsAsync(IReadOnlyList<NewTopic> topics, bool validateOnly);

    /// <summary>
    /// Deletes topics: one result a reference, in order. Errors: UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID,
    /// TOPIC_DELETION_DISABLED, INVALID_REQUEST (a topic twice).
    /// </summary>
    Task<IReadOnlyList<DeleteTopicResult>> DeleteTopicsAsync(IReadOnlyList<TopicReference> topics);

    /// <summary>
    /// Adds partitions: one result a topic. Errors: UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS (not an increase, too
    /// many), INVALID_REPLICA_ASSIGNMENT, INVALID_REPLICATION_FACTOR, INVALID_REQUEST (a topic twice).
    /// </summary>
    Task<IReadOnlyList<CreatePartitionsResult>> CreatePartitionsAsync(IReadOnlyList<NewPartitions> topics, bool validateOnly);

    /// <summary>
    /// Changes the configurations of topics and brokers, each on its own, in order. Errors: UNKNOWN_TOPIC_OR_PARTITION,
    /// INVALID_REQUEST (a resource twice, a broker name that is no id), and whatever the editors say.
    /// </summary>
    Task<IReadOnlyList<ConfigAlterationResult>> AlterConfigsAsync(IReadOnlyList<ConfigAlteration> alterations, bool validateOnly);

    /// <summary>
    /// Changes ISRs (AlterPartition), in order. Errors: UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION, STALE_BROKER_EPOCH,
    /// FENCED_LEADER_EPOCH, NOT_CONTROLLER (the leader knows more than this controller), INVALID_UPDATE_VERSION,
    /// INVALID_REQUEST, INELIGIBLE_REPLICA.
    /// </summary>
    Task<IReadOnlyList<IsrChangeResult>> AlterPartitionsAsync(IReadOnlyList<IsrChange> changes);

    /// <summary>
    /// Registers this process's broker, for as long as the session lasts, and waits until the image shows it if this process
    /// is the controller. Registering before the controller is started spares the partitions a term without leader.
    /// </summary>
    Task<RegisterBrokerResult> RegisterBrokerAsync(IReadOnlyList<BrokerEndpoint> endpoints, string? rack);
}
