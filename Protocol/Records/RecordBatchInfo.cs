namespace KBroker.Protocol.Records;

/// <summary>What the header of a batch of any magic tells without looking into its records.</summary>
/// <param name="Position">Where the batch starts in the buffer.</param>
/// <param name="SizeInBytes">Its size, header and all.</param>
/// <param name="Magic">Its format: 0, 1 or 2.</param>
/// <param name="BaseOffset">
/// The offset of its first record. Of a compressed message of magic 0 or 1 only the last offset is known without decompressing,
/// and stands here too.
/// </param>
/// <param name="LastOffset">The offset of its last record.</param>
/// <param name="MaxTimestamp">Its largest timestamp, or -1; magic 0 has none.</param>
/// <param name="Attributes">Its attribute bits.</param>
/// <param name="PartitionLeaderEpoch">The leader epoch it was appended in; -1 below magic 2.</param>
public readonly record struct RecordBatchInfo(
    int Position,
    int SizeInBytes,
    byte Magic,
    long BaseOffset,
    long LastOffset,
    long MaxTimestamp,
    RecordBatchAttributes Attributes,
    int PartitionLeaderEpoch);
