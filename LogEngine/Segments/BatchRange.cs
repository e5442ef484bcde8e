namespace KBroker.LogEngine.Segments;

/// <summary>What a run of whole batches covers.</summary>
internal readonly record struct BatchRange(long FirstOffset, long LastOffset, long MaxTimestamp, int Bytes)
{
    /// <summary>Measures the whole batches at the front; false when their offsets do not rise from <paramref name="expected"/>.</summary>
    public static bool TryMeasure(ReadOnlySpan<byte> records, long expected, out BatchRange range)
    {
        long first = -1;
        long last = expected - 1;
        long maxTimestamp = -1;
        int bytes = 0;
        range = default;
        while (BatchHeader.TryParse(records[bytes..], out BatchHeader header) && header.SizeInBytes <= records.Length - bytes)
        {
            if (header.BaseOffset <= last) return false;
            if (first < 0) first = header.BaseOffset;
            last = header.LastOffset;
            maxTimestamp = Math.Max(maxTimestamp, header.MaxTimestamp);
            bytes += header.SizeInBytes;
        }

        range = new BatchRange(first, last, maxTimestamp, bytes);
        return true;
    }
}
