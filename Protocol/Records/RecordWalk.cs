using KBroker.Protocol.Compression;

namespace KBroker.Protocol.Records;

/// <summary>Checks every record of a batch whose header has passed.</summary>
internal sealed class RecordWalk(CompressionCodecs codecs)
{
    public RecordBatchValidation Check(RecordBatchHeader batch, in RecordValidationOptions options)
    {
        var checks = new RecordChecks(batch, options);
        if (batch.CompressionType == CompressionType.None) return WalkPlain(batch, ref checks);
        if (codecs.Find(batch.CompressionType) is not { } codec)
        {
            return RecordBatchValidation.Refused(
                ErrorCode.UnsupportedCompressionType, $"This broker has no codec for {batch.CompressionType}");
        }

        int limit = options.DecompressionLimits.For(batch.Records.Length);
        try
        {
            using Decompressor decompressor = codec.RentDecompressor(limit);
            return WalkCompressed(batch, decompressor, limit, ref checks);
        }
        catch (NativeLibraryMissingException e)
        {
            return RecordBatchValidation.Refused(ErrorCode.UnsupportedCompressionType, e.Message);
        }
    }

    private static RecordBatchValidation WalkPlain(RecordBatchHeader batch, ref RecordChecks checks)
    {
        ReadOnlySpan<byte> rest = batch.Records;
        int count = batch.RecordCount;
        for (int i = 0; i < count; i++)
        {
            RecordDefect defect = RecordLayout.TryRead(rest, out RecordLayout record);
            if (defect != RecordDefect.None) return Defective(i, defect);
            if (record.OffsetDelta != i) return OutOfOrder(i, record.OffsetDelta);
            checks.Add(i, record);
            rest = rest[record.Size..];
        }

        return rest.IsEmpty ? checks.Verdict() : Trailing(count);
    }

    private static RecordBatchValidation WalkCompressed(
        RecordBatchHeader batch, Decompressor decompressor, int limit, ref RecordChecks checks)
    {
        var walker = new CompressedRecordWalker(decompressor, batch.Records, limit);
        try
        {
            int count = batch.RecordCount;
            for (int i = 0; i < count; i++)
            {
                RecordDefect defect = walker.TryRead(out RecordLayout record);
                if (defect != RecordDefect.None) return Defective(i, defect);
                if (record.OffsetDelta != i) return OutOfOrder(i, record.OffsetDelta);
                checks.Add(i, record);
            }

            if (!walker.IsAtEnd(out RecordDefect atEnd)) return Trailing(count);
            return atEnd == RecordDefect.None ? checks.Verdict() : Defective(count, atEnd);
        }
        finally
        {
            walker.Dispose();
        }
    }

    private static RecordBatchValidation Defective(int index, RecordDefect defect) => RecordBatchValidation.Refused(
        defect == RecordDefect.OutputLimit ? ErrorCode.MessageTooLarge : ErrorCode.InvalidRecord,
        $"Record {index} of the batch cannot be read: {defect.Describe()}");

    private static RecordBatchValidation OutOfOrder(int index, int delta) =>
        RecordBatchValidation.Refused(ErrorCode.InvalidRecord, $"Record {index} of the batch has offset delta {delta}");

    private static RecordBatchValidation Trailing(int count) =>
        RecordBatchValidation.Refused(ErrorCode.InvalidRecord, $"There is more in the batch after its {count} records");
}
