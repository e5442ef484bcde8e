using System.Globalization;

namespace KBroker.Protocol.Identity;

/// <summary>The id of a broker: <c>node.id</c> / <c>broker.id</c>, 0 or more; -1 means none.</summary>
public readonly record struct BrokerId(int Value) : IComparable<BrokerId>
{
    /// <summary>No broker: a partition without leader, a cluster without controller.</summary>
    public static BrokerId None => new(-1);

    /// <inheritdoc/>
    public int CompareTo(BrokerId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Whether one id is smaller than the other.</summary>
    public static bool operator <(BrokerId left, BrokerId right) => left.Value < right.Value;

    /// <summary>Whether one id is greater than the other.</summary>
    public static bool operator >(BrokerId left, BrokerId right) => left.Value > right.Value;

    /// <summary>Whether one id is not greater than the other.</summary>
    public static bool operator <=(BrokerId left, BrokerId right) => left.Value <= right.Value;

    /// <summary>Whether one id is not smaller than the other.</summary>
    public static bool operator >=(BrokerId left, BrokerId right) => left.Value >= right.Value;
}

/// <summary>The term of a partition's leader, raised at every election; -1 means unknown (KIP-101, KIP-320).</summary>
public readonly record struct LeaderEpoch(int Value)
{
    /// <summary>The epoch is not known: no fencing.</summary>
    public static LeaderEpoch Unknown => new(-1);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The version of a partition's leader and ISR in the coordination store, raised by every change (KIP-497).</summary>
public readonly record struct PartitionEpoch(int Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The incarnation of a broker: the creation id of its registration (KIP-380); -1 means unknown.</summary>
public readonly record struct BrokerEpoch(long Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The term of the controller, raised at every controller election.</summary>
public readonly record struct ControllerEpoch(int Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A partition of a topic, by name.</summary>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    /// <summary>The name of the partition's directory and in messages: <c>topic-partition</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Topic}-{Partition}");
}
