using KBroker.Protocol.Records;

namespace KBroker.LogEngine.Producers;

/// <summary>What the checks of an append need to know of a producer; <see cref="Unknown"/> for one that the log has no state of.</summary>
internal readonly record struct ProducerPosition(short Epoch, int LastSequence, int CoordinatorEpoch, bool InTransaction)
{
    public static ProducerPosition Unknown { get; } = new(-1, ProducerSequence.None, -1, false);

    public bool IsKnown => Epoch >= 0;
}
