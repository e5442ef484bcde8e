using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Controller.Metadata;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>What groups need of the world.</summary>
/// <param name="Log">Where they are kept.</param>
/// <param name="Timers">Their deadlines.</param>
/// <param name="Settings">The settings in force.</param>
/// <param name="WallClockMs">The time of day, for records: milliseconds since 1970. No deadline depends on it.</param>
/// <param name="NewId">Makes an id that nobody else has.</param>
public sealed record GroupServices(
    ICoordinatorLog Log, CoordinatorTimers Timers, Func<GroupConfig> Settings, Func<long> WallClockMs, Func<Guid> NewId)
{
    /// <summary>What all groups of the broker hold together.</summary>
    public GroupMemory Memory { get; init; } = GroupMemory.Unbounded();

    /// <summary>The settings in force.</summary>
    public GroupConfig Config => Settings();

    /// <summary>The settings of one group, where it has its own (the GROUP resource of KIP-848); null for all as the broker's.</summary>
    public Func<string, GroupConfig>? SettingsOfGroup { get; init; }

    /// <summary>The topics as this broker knows them.</summary>
    public Func<ClusterMetadataImage> Topics { get; init; } = static () => ClusterMetadataImage.Empty;

    /// <summary>The ways to assign partitions that this broker has.</summary>
    public IReadOnlyList<IPartitionAssignor> Assignors { get; init; } = [new UniformAssignor(), new RangeAssignor()];

    /// <summary>The settings of a group.</summary>
    public GroupConfig ConfigOf(string groupId) => SettingsOfGroup?.Invoke(groupId) ?? Settings();
}
