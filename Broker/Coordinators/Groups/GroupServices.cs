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
}
