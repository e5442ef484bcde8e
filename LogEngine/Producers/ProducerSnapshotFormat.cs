using System.Buffers.Binary;
using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Producers;

/// <summary>
/// The bytes of a <c>.snapshot</c> file: version (int16), CRC-32C of what follows it (uint32), count (int32), and an entry of 46 bytes
/// for each producer, which holds the last batch alone.
/// </summary>
internal static class ProducerSnapshotFormat
{
    public const int HeaderSize = 10;
    public const int EntrySize = 46;

    private const short Version = 1;
    private const int CrcOffset = 2;
    private const int CountOffset = 6;

    public static int SizeOf(int producers) => checked(HeaderSize + (producers * EntrySize));

    public static void Write(IReadOnlyCollection<ProducerState> producers, Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt16BigEndian(bytes, Version);
        BinaryPrimitives.WriteInt32BigEndian(bytes[CountOffset..], producers.Count);
        Span<byte> entry = bytes[HeaderSize..];
        foreach (ProducerState state in producers)
        {
            ProducerBatch? last = state.LastBatch;
            BinaryPrimitives.WriteInt64BigEndian(entry, state.ProducerId);
            BinaryPrimitives.WriteInt16BigEndian(entry[8..], state.Epoch);
            BinaryPrimitives.WriteInt32BigEndian(entry[10..], last?.LastSequence ?? ProducerSequence.None);
            BinaryPrimitives.WriteInt64BigEndian(entry[14..], last?.LastOffset ?? -1);
            BinaryPrimitives.WriteInt32BigEndian(entry[22..], last?.OffsetDelta ?? 0);
            BinaryPrimitives.WriteInt64BigEndian(entry[26..], state.LastTimestamp);
            BinaryPrimitives.WriteInt32BigEndian(entry[34..], state.CoordinatorEpoch);
            BinaryPrimitives.WriteInt64BigEndian(entry[38..], state.TransactionStart);
            entry = entry[EntrySize..];
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes[CrcOffset..], Crc32C.Compute(bytes[CountOffset..SizeOf(producers.Count)]));
    }

    /// <summary>
    /// The producers; null when the bytes are no snapshot taken at <paramref name="offset"/>: another version, a wrong CRC, or a producer
    /// that could not have been there.
    /// </summary>
    public static List<ProducerState>? TryRead(ReadOnlySpan<byte> bytes, long offset)
    {
        if (bytes.Length < HeaderSize || BinaryPrimitives.ReadInt16BigEndian(bytes) != Version) return null;
        int count = BinaryPrimitives.ReadInt32BigEndian(bytes[CountOffset..]);
        if (count < 0 || (bytes.Length - HeaderSize) % EntrySize != 0 || (bytes.Length - HeaderSize) / EntrySize != count
            || BinaryPrimitives.ReadUInt32BigEndian(bytes[CrcOffset..]) != Crc32C.Compute(bytes[CountOffset..]))
            return null;
        var producers = new List<ProducerState>(count);
        var seen = new HashSet<long>(count);
        for (ReadOnlySpan<byte> entry = bytes[HeaderSize..]; !entry.IsEmpty; entry = entry[EntrySize..])
        {
            if (TryReadEntry(entry, offset) is not { } state || !seen.Add(state.ProducerId)) return null;
            producers.Add(state);
        }

        return producers;
    }

    private static ProducerState? TryReadEntry(ReadOnlySpan<byte> entry, long offset)
    {
        long producerId = BinaryPrimitives.ReadInt64BigEndian(entry);
        short epoch = BinaryPrimitives.ReadInt16BigEndian(entry[8..]);
        int lastSequence = BinaryPrimitives.ReadInt32BigEndian(entry[10..]);
        long lastOffset = BinaryPrimitives.ReadInt64BigEndian(entry[14..]);
        int delta = BinaryPrimitives.ReadInt32BigEndian(entry[22..]);
        long timestamp = BinaryPrimitives.ReadInt64BigEndian(entry[26..]);
        int coordinatorEpoch = BinaryPrimitives.ReadInt32BigEndian(entry[34..]);
        long transactionStart = BinaryPrimitives.ReadInt64BigEndian(entry[38..]);
        if (producerId < 0 || epoch < 0 || lastSequence < ProducerSequence.None || lastOffset < -1 || lastOffset >= offset
            || delta < 0 || (lastOffset >= 0 && delta > lastOffset) || coordinatorEpoch < -1 || transactionStart < -1 || transactionStart >= offset)
            return null;
        ProducerBatch? last = lastOffset < 0 ? null : new ProducerBatch(lastSequence, lastOffset, delta, timestamp);
        return ProducerState.Restore(producerId, epoch, last, timestamp, coordinatorEpoch, transactionStart);
    }
}
