using System.Runtime.InteropServices;
using KBroker.Broker.Partitions;
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
    /// <param name="version">The request's version.</param>
    /// <param name="isTransactional">Whether the request carries a transactional id.</param>
    /// <param name="allReplicas">Whether acks=all is asked for.</param>
    /// <param name="nextOffset">The offset after the last record; -1 if nothing was appended.</param>
    internal ProduceResponse.PartitionProduceResponse Append(
        Partition partition, ReadOnlyMemory<byte> records, short version, bool isTransactional, bool allReplicas, out long nextOffset)
    {
        nextOffset = -1;
        PartitionSettings settings = partition.Settings;
        RecordValidationOptions options = settings.Validation with
        {
            ProduceVersion = version,
            NowMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        RecordBatchValidation validation = validator.Validate(records.Span, options);
        if (!validation.IsValid) return Refused(validation);

        RecordBatchSummary summary = validation.Summary;
        if (summary.IsTransactional && !isTransactional)
            return Refused(ErrorCode.TransactionalIdAuthorizationFailed, "A transactional batch came without a transactional id.");
        // No coordinator could ever end the transaction, and read_committed consumers would stop at it for good.
        if (summary.IsTransactional)
            return Refused(ErrorCode.UnknownProducerId, $"Producer id {summary.ProducerId} was not issued for transactions by this cluster.");

        if (settings.Compression is { } compression && compression != summary.CompressionType)
            return AppendRecompressed(partition, records.Span, summary, compression, allReplicas, out nextOffset);

        // The frame belongs to this request alone until it is dispatched.
        return Append(partition, MemoryMarshal.AsMemory(records).Span, summary, allReplicas, out nextOffset);
    }

    private static ProduceResponse.PartitionProduceResponse Append(
        Partition partition, Span<byte> batch, in RecordBatchSummary summary, bool allReplicas, out long nextOffset)
    {
        nextOffset = -1;
        // With log-append time the log stamps its own.
        if (summary.IsMaxTimestampWrong && partition.Settings.Validation.TimestampType == TimestampType.CreateTime)
            RecordBatchStamp.SetMaxTimestamp(batch, TimestampType.CreateTime, summary.MaxTimestamp);
        PartitionAppendResult appended = partition.AppendAsLeader(batch, allReplicas);
        if (appended.Error != ErrorCode.None) return Refused(appended.Error, appended.Message);

        nextOffset = appended.NextOffset;
        return new ProduceResponse.PartitionProduceResponse
        {
            BaseOffset = appended.BaseOffset,
            LogAppendTimeMs = appended.LogAppendTime,
            LogStartOffset = appended.LogStartOffset,
        };
    }

    private ProduceResponse.PartitionProduceResponse AppendRecompressed(
        Partition partition,
        ReadOnlySpan<byte> records,
        in RecordBatchSummary summary,
        CompressionType compression,
        bool allReplicas,
        out long nextOffset)
    {
        nextOffset = -1;
        using var rewritten = new PooledBufferWriter(records.Length);
        ErrorCode error = recompressor.Convert(records, compression, partition.Settings, rewritten);
        if (error != ErrorCode.None)
            return Refused(error, $"The batch cannot be stored with compression {compression}, which the topic asks for.");
        return Append(partition, MemoryMarshal.AsMemory(rewritten.WrittenMemory).Span, summary, allReplicas, out nextOffset);
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
