using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Producers;

/// <summary>
/// A batch that a producer has in the log. <paramref name="OffsetDelta"/> is the last offset less the first;
/// <paramref name="Timestamp"/> is the batch's largest, milliseconds.
/// </summary>
internal readonly record struct ProducerBatch(int LastSequence, long LastOffset, int OffsetDelta, long Timestamp)
{
    public long FirstOffset => LastOffset - OffsetDelta;

    public int FirstSequence => LastSequence < 0 ? ProducerSequence.None : ProducerSequence.Subtract(LastSequence, OffsetDelta);
}
