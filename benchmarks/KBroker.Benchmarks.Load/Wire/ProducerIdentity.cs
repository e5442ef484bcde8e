using System.Buffers.Binary;
using KBroker.Protocol.Records;

namespace KBroker.Benchmarks.Load.Wire;

/// <summary>An id and an epoch of a producer.</summary>
internal readonly record struct ProducerIdentity(long Id, short Epoch)
{
    private const short Transactional = 0x10;

    /// <summary>No identity: what a plain producer's batches carry.</summary>
    public static ProducerIdentity None => new(-1, -1);

    /// <summary>Reads the answer to an InitProducerId or an EndTxn v5 that begins with the throttle time.</summary>
    public static ProducerIdentity Read(ref ReplyReader reader, string api)
    {
        reader.Int32();
        reader.Success(api);
        return new ProducerIdentity(reader.Int64(), reader.Int16());
    }

    /// <summary>Makes a batch the producer's next one; a plain one is summed anew all the same, so that both cost a client as much.</summary>
    public void Stamp(Span<byte> batch, int sequence, bool isTransactional = false)
    {
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchFormat.AttributesOffset..], (short)(isTransactional ? Transactional : 0));
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchFormat.ProducerIdOffset..], Id);
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchFormat.ProducerEpochOffset..], Epoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchFormat.BaseSequenceOffset..], Id < 0 ? -1 : sequence);
        RecordBatchStamp.SetCrc(batch);
    }
}
