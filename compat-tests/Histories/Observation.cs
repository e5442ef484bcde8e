namespace KBroker.Compat.Tests.Histories;

/// <summary>A record that a read_committed consumer was given.</summary>
/// <param name="Session">Which consumer, from one assignment of its partitions to the next.</param>
/// <param name="At">When it had it, in nanoseconds.</param>
/// <param name="Place">Where the record is.</param>
/// <param name="Offset">And at which offset.</param>
/// <param name="Value">What it holds.</param>
internal readonly record struct Observation(string Session, long At, Place Place, long Offset, string Value)
{
    public override string ToString() => $"'{Value}' at {Place}@{Offset}, seen by {Session}";
}
