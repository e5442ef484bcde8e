using KBroker.Protocol.Identity;

namespace KBroker.Controller.Metadata;

/// <summary>The age of an image: images of a later controller are newer, then those with a higher number.</summary>
/// <param name="ControllerEpoch">The term of the controller that made it; 0 before there is one.</param>
/// <param name="Number">Counts the images of this term, from 1.</param>
public readonly record struct MetadataVersion(ControllerEpoch ControllerEpoch, long Number) : IComparable<MetadataVersion>
{
    /// <inheritdoc/>
    public int CompareTo(MetadataVersion other)
    {
        int byEpoch = ControllerEpoch.Value.CompareTo(other.ControllerEpoch.Value);
        return byEpoch != 0 ? byEpoch : Number.CompareTo(other.Number);
    }

    /// <summary>Whether one version is older than the other.</summary>
    public static bool operator <(MetadataVersion left, MetadataVersion right) => left.CompareTo(right) < 0;

    /// <summary>Whether one version is newer than the other.</summary>
    public static bool operator >(MetadataVersion left, MetadataVersion right) => left.CompareTo(right) > 0;

    /// <summary>Whether one version is not newer than the other.</summary>
    public static bool operator <=(MetadataVersion left, MetadataVersion right) => left.CompareTo(right) <= 0;

    /// <summary>Whether one version is not older than the other.</summary>
    public static bool operator >=(MetadataVersion left, MetadataVersion right) => left.CompareTo(right) >= 0;
}
