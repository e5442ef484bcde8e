using System.Runtime.InteropServices;
using KBroker.Broker.Partitions;
using KBroker.LogEngine.Producers;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;

namespace KBroker.Broker.Producing;

/// <summary>
/// Takes one partition's records of a Produce request from the received bytes into the log: everything about them is checked
/// before the partition's lock, and they are appended from where they lie.
/// </summary>
public sealed class BatchAppender(RecordBatchValidator validator, Recompressor recompressor, TimeProvider time)
{
    /// <summary>The answer for a partition to which nothing was appended.</summary>
    internal static ProduceResponse.PartitionProduceResponse Refused(ErrorCode error, string? message = null) =>
        new() { ErrorCode = error, BaseOffset = -1, ErrorMessage = message };

    /// <summary>Checks and appends. The batch's header is changed in place.</summary>
    /// <param name="partition">Where to.</param>
    /// <param name="records">The <c>records</c> field, a slice of the received frame.</param>
    /// <param name="terms">What the request says of all of its batches.</param>
    /// <param name="guard">What the coordinator's answer gave, where it was asked about this batch.</param>
    internal BatchOutcome Append(Partition partition, ReadOnlyMemory<byte> records, in ProduceTerms terms, long guard = 0)
    {
        PartitionSettings settings = partition.Settings;
        RecordValidationOptions options = settings.Validation with
        {
            ProduceVersion = terms.Version,
            NowMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        RecordBatchValidation validation = validator.Validate(records.Span, options);
        if (!validation.IsValid) return new BatchOutcome(Refused(validation));

        RecordBatchSummary summary = validation.Summary;
        if (summary.IsTransactional && !terms.IsTransactional)
            return new BatchOutcome(Refused(ErrorCode.TransactionalIdAuthorizationFailed, "A transactional batch came without a transactional id."));

        var append = new AppendTerms(AppendOrigin.Client) { MustBeVerified = terms.MustBeVerified, VerificationGuard = guard };
        if (settings.Compression is { } compression && compression != summary.CompressionType)
            return AppendRecompressed(partition, records.Span, summary, compression, terms.AllReplicas, append);

        // The frame belongs to this request alone until it is dispatched.
        return Append(partition, MemoryMarshal.AsMemory(records).Span, summary, terms.AllReplicas, append);
    }

    private static BatchOutcome Append(
        Partition partition, Span<byte> batch, in RecordBatchSummary summary, bool allReplicas, in AppendTerms terms)
    {
        // With log-append time the log stamps its own.
        if (summary.IsMaxTimestampWrong && partition.Settings.Validation.TimestampType == TimestampType.CreateTime)
            RecordBatchStamp.SetMaxTimestamp(batch, TimestampType.CreateTime, summary.MaxTimestamp);
        PartitionAppendResult appended = partition.AppendAsLeader(batch, allReplicas, terms);
        if (appended.Error != ErrorCode.None)
            return new BatchOutcome(Refused(appended.Error, appended.Message)) { Unverified = appended.IsUnverified ? summary : null };

        return new BatchOutcome(
            new ProduceResponse.PartitionProduceResponse
            {
                BaseOffset = appended.BaseOffset,
                LogAppendTimeMs = appended.LogAppendTime,
                LogStartOffset = appended.LogStartOffset,
            },
            appended.NextOffset);
    }

    private BatchOutcome AppendRecompressed(
        Partition partition,
        ReadOnlySpan<byte> records,
        in RecordBatchSummary summary,
        CompressionType compression,
        bool allReplicas,
        in AppendTerms terms)
    {
        using var rewritten = new PooledBufferWriter(records.Length);
        ErrorCode error = recompressor.Convert(records, compression, partition.Settings, rewritten);
        if (error != ErrorCode.None)
            return new BatchOutcome(Refused(error, $"The batch cannot be stored with compression {compression}, which the topic asks for."));
        return Append(partition, MemoryMarshal.AsMemory(rewritten.WrittenMemory).Span, summary, allReplicas, terms);
    }

    private static ProduceResponse.PartitionProduceResponse Refused(in RecordBatchValidation validation)
    {
        ProduceResponse.PartitionProduceResponse answer = Refused(validation.ErrorCode, validation.ErrorMessage);
        if (validation.RecordErrors.Count > 0)
        {
            answer.RecordErrors = [.. validation.RecordErrors.Select(error => new ProduceResponse.BatchIndexAndErrorMessage
            {
                BatchIndex = error.BatchIndex,
                BatchIndexErrorMessage = error.Message,
            })];
        }

        return answer;
    }
}
