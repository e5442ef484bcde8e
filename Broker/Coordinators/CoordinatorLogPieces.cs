using KBroker.Protocol;

namespace KBroker.Broker.Coordinators;

/// <summary>Appends many records as several batches, for those that need not be there all or none.</summary>
internal static class CoordinatorLogPieces
{
    // Far below max.message.bytes, so that what a batch adds to its records does not matter.
    private const int MaxBytes = 500_000;
    private const int MaxRecords = 1_000;

    /// <summary>
    /// Appends a record for each item, batch by batch: keys may be long, so a batch ends by its bytes as well as by its number of records.
    /// </summary>
    /// <param name="log">The log.</param>
    /// <param name="items">What the records are of; <paramref name="appended"/> must not change it.</param>
    /// <param name="record">Makes the record of an item.</param>
    /// <param name="appended">Called for each item once its batch is in the log.</param>
    /// <returns>Why a batch was not appended; those before it were, none after it is tried.</returns>
    public static ErrorCode AppendInPieces<T>(this ICoordinatorLog log, IReadOnlyList<T> items, Func<T, CoordinatorRecord> record, Action<T> appended)
    {
        var piece = new List<CoordinatorRecord>(Math.Min(items.Count, MaxRecords));
        int first = 0;
        long bytes = 0;
        for (int i = 0; i < items.Count; i++)
        {
            CoordinatorRecord next = record(items[i]);
            if (piece.Count > 0 && (piece.Count == MaxRecords || bytes + next.Size > MaxBytes))
            {
                ErrorCode error = Append(i);
                if (error != ErrorCode.None) return error;
            }

            piece.Add(next);
            bytes += next.Size;
        }

        return piece.Count == 0 ? ErrorCode.None : Append(items.Count);

        ErrorCode Append(int end)
        {
            ErrorCode error = log.Append(piece);
            if (error != ErrorCode.None) return error;
            for (; first < end; first++) appended(items[first]);
            piece.Clear();
            bytes = 0;
            return ErrorCode.None;
        }
    }
}
