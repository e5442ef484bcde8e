using KBroker.Broker.Partitions;
using KBroker.Protocol;

namespace KBroker.Broker.Producing;

/// <summary>A write to one partition that may begin its part of a producer's transaction.</summary>
/// <param name="partition">Where to.</param>
/// <param name="sequence">The first sequence; -1 for what a coordinator writes.</param>
public class TransactionalWrite(Partition partition, int sequence)
{
    /// <summary>Where to.</summary>
    public Partition Partition => partition;

    /// <summary>The first sequence; -1 for what a coordinator writes.</summary>
    public int Sequence => sequence;

    /// <summary>Why it may not be written, in the terms of the producer; None once it is verified.</summary>
    public ErrorCode Error { get; internal set; }

    /// <summary>What it is appended with once it is verified; 0 where the transaction was open already.</summary>
    public long Guard { get; internal set; }
}
