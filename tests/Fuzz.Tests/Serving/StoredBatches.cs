using System.Buffers.Binary;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Fuzz.Tests.Serving;

/// <summary>Reads what the broker has stored, without the broker: nothing half-written, nothing that should have been refused.</summary>
internal static class StoredBatches
{
    private static readonly CompressionCodecs Codecs = new();

    /// <summary>Every segment under the directory holds whole, valid batches whose offsets follow each other. Returns their number.</summary>
    public static int CheckDirectory(string directory)
    {
        int batches = 0;
        foreach (string partition in Directory.EnumerateDirectories(directory))
        {
            AssertLegalName(Path.GetFileName(partition));
            long next = 0;
            foreach (string segment in Directory.EnumerateFiles(partition, "*.log").Order(StringComparer.Ordinal))
            {
                foreach (byte[] batch in Split(File.ReadAllBytes(segment)))
                {
                    Check(batch, segment);
                    long baseOffset = BinaryPrimitives.ReadInt64BigEndian(batch);
                    Assert.True(baseOffset >= next, $"{segment}: offset {baseOffset} follows {next - 1}");
                    next = baseOffset + BinaryPrimitives.ReadInt32BigEndian(batch.AsSpan(RecordBatchFormat.LastOffsetDeltaOffset)) + 1;
                    batches++;
                }
            }
        }

        return batches;
    }

    /// <summary>Cuts a file or a fetched field into batches; bytes that are no whole batch are an error.</summary>
    public static IEnumerable<byte[]> Split(byte[] bytes)
    {
        for (int at = 0; at < bytes.Length;)
        {
            Assert.True(bytes.Length - at >= RecordBatchFormat.RecordsOffset, $"{bytes.Length - at} bytes at {at} are no batch");
            int size = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + RecordBatchFormat.LengthOffset)) + RecordBatchFormat.LogOverhead;
            Assert.InRange(size, RecordBatchFormat.RecordsOffset, bytes.Length - at);
            yield return bytes[at..(at + size)];
            at += size;
        }
    }

    /// <summary>The batch is a transaction's marker, or one that a producer may send, but for the base offset, which the broker gives.</summary>
    public static void Check(byte[] batch, string where)
    {
        uint crc = BinaryPrimitives.ReadUInt32BigEndian(batch.AsSpan(RecordBatchFormat.CrcOffset));
        Assert.True(crc == Crc32C.Compute(batch.AsSpan(RecordBatchFormat.AttributesOffset)), $"{where}: the CRC is wrong");
        if (new RecordBatchHeader(batch).IsControl)
        {
            // Asked for by WriteTxnMarkers, and written by the broker alone.
            Assert.True(EndTransactionMarker.TryRead(batch, out _), $"{where}: a control batch that is no marker: {Convert.ToHexString(batch)}");
            return;
        }

        byte[] asSent = [.. batch];
        BinaryPrimitives.WriteInt64BigEndian(asSent, 0);
        RecordBatchValidation verdict = new RecordBatchValidator(Codecs).Validate(
            asSent, new RecordValidationOptions { TimestampType = new RecordBatchHeader(batch).TimestampType });
        bool isLogAppendTime = new RecordBatchHeader(batch).TimestampType == TimestampType.LogAppendTime;
        Assert.True(verdict.IsValid || isLogAppendTime, $"{where}: {verdict.ErrorMessage}: {Convert.ToHexString(batch)}");
    }

    private static void AssertLegalName(string name)
    {
        int dash = name.LastIndexOf('-');
        bool isDeleted = name.EndsWith("-delete", StringComparison.Ordinal);
        bool isLegal = dash is > 0 and < 260 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
            && (isDeleted || name[(dash + 1)..].All(char.IsAsciiDigit));
        Assert.True(isLegal, $"a directory called {name}");
    }
}
