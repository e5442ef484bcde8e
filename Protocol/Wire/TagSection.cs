namespace KBroker.Protocol.Wire;

/// <summary>Where a <see cref="KafkaReader"/> stands among the tagged fields of one structure.</summary>
public struct TagSection
{
    internal int Left;
    internal int End;

    /// <summary>The tag of the field to read next.</summary>
    public int Tag { get; internal set; }

    /// <summary>The fields kept so far, in the order of their tags; null when there are none.</summary>
    public List<RawTaggedField>? Unknown { get; internal set; }
}
