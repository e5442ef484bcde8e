namespace KBroker.Protocol.Records;

/// <summary>Sequence numbers of idempotent producers (KIP-98): from 0 to the largest int32, then from 0 again.</summary>
public static class ProducerSequence
{
    /// <summary>No sequence.</summary>
    public const int None = -1;

    /// <summary>The sequence <paramref name="increment"/> after <paramref name="sequence"/>; neither may be negative.</summary>
    public static int Add(int sequence, int increment) =>
        sequence > int.MaxValue - increment ? increment - (int.MaxValue - sequence) - 1 : sequence + increment;

    /// <summary>The sequence <paramref name="decrement"/> before <paramref name="sequence"/>; neither may be negative.</summary>
    public static int Subtract(int sequence, int decrement) =>
        sequence < decrement ? int.MaxValue - (decrement - sequence) + 1 : sequence - decrement;
}
