using KBroker.Broker.Metadata;
using static KBroker.Broker.Configuration.BrokerConfigNames;

namespace KBroker.Broker.Configuration;

/// <summary>The settings of transactions and their topic.</summary>
internal static class TransactionConfigs
{
    private static readonly ConfigValidator Positive = RangeValidator.AtLeast(1);

    /// <summary>The definitions.</summary>
    public static ConfigDefinition[] Definitions() =>
    [
        new(TransactionMaxTimeoutMs, ConfigType.Int, "900000", "The longest timeout a producer may ask for its transactions, in milliseconds.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(TransactionAbortTimedOutTransactionCleanupIntervalMs, ConfigType.Int, "10000", "Milliseconds between looks for transactions that are open for longer than their timeout.")
        {
            Importance = ConfigImportance.Low,
            Validator = Positive,
        },
        new(TransactionalIdExpirationMs, ConfigType.Int, "604800000", "Milliseconds after which a transactional id that nobody uses is forgotten.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(TransactionRemoveExpiredTransactionCleanupIntervalMs, ConfigType.Int, "3600000", "Milliseconds between looks for transactional ids that nobody uses.")
        {
            Importance = ConfigImportance.Low,
            Validator = Positive,
        },
        new(TransactionStateLogNumPartitions, ConfigType.Int, "50", "Partitions of __transaction_state; they do not change once it exists.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(TransactionStateLogReplicationFactor, ConfigType.Short, "3", "Replicas of __transaction_state, as far as there are brokers when it is made.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(TransactionStateLogMinIsr, ConfigType.Int, "2", "min.insync.replicas of __transaction_state, at most its replicas when it is made.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(TransactionStateLogSegmentBytes, ConfigType.Int, "104857600", "segment.bytes of __transaction_state.")
        {
            Importance = ConfigImportance.High,
            Validator = Positive,
        },
        new(TransactionPartitionVerificationEnable, ConfigType.Boolean, "true",
            "Whether a transaction's first write to a partition is verified with its coordinator, so that no transaction is left open (KIP-890). Clients of the second transaction protocol are always verified.")
        {
            Importance = ConfigImportance.Low,
            UpdateMode = ConfigUpdateMode.ClusterWide,
        },
        new(AddPartitionsToTxnRetryBackoffMs, ConfigType.Int, "20", "Milliseconds between two tries to add a partition to a transaction while the producer's last one is being completed.")
        {
            Importance = ConfigImportance.Low,
            Validator = Positive,
        },
        new(AddPartitionsToTxnRetryBackoffMaxMs, ConfigType.Int, "100", "Milliseconds that adding a partition to a transaction is tried before the client is told to.")
        {
            Importance = ConfigImportance.High,
            Validator = RangeValidator.AtLeast(0),
        },
        new(KBrokerTransactionsMaxBytes, ConfigType.Long, "268435456",
            "The most bytes of memory, about, that transactional ids and open transactions take. From three quarters of it on no id is taken that is not known, at all of it no partition is added to a transaction; both are refused with POLICY_VIOLATION.")
        {
            Validator = Positive,
        },
    ];

    /// <summary>The values.</summary>
    public static TransactionSettings Read(ConfigReader values) => new(Bounds(values), StateTopic(values))
    {
        VerifiesPartitions = values.Boolean(TransactionPartitionVerificationEnable),
        VerificationRetryBackoff = values.Milliseconds(AddPartitionsToTxnRetryBackoffMs),
        VerificationRetryMax = values.Milliseconds(AddPartitionsToTxnRetryBackoffMaxMs),
    };

    private static Coordinators.Transactions.TransactionConfig Bounds(ConfigReader values) => new()
    {
        MaxTimeoutMs = values.Int(TransactionMaxTimeoutMs),
        AbortTimedOutIntervalMs = values.Int(TransactionAbortTimedOutTransactionCleanupIntervalMs),
        IdExpirationMs = values.Int(TransactionalIdExpirationMs),
        RemoveExpiredIntervalMs = values.Int(TransactionRemoveExpiredTransactionCleanupIntervalMs),
        MaxBytes = values.Long(KBrokerTransactionsMaxBytes),
    };

    private static InternalTopicSpec StateTopic(ConfigReader values) => new(
        InternalTopics.TransactionState,
        values.Int(TransactionStateLogNumPartitions),
        values.Short(TransactionStateLogReplicationFactor),
        values.Int(TransactionStateLogSegmentBytes))
    {
        // What a transaction's end was acknowledged with must not be lost to a replica that lagged behind.
        CompressionType = "uncompressed",
        MinInSyncReplicas = values.Int(TransactionStateLogMinIsr),
        UncleanElection = false,
    };
}
