using System.Collections.Immutable;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Placement;

/// <summary>Where partitions go, or why they cannot be placed.</summary>
/// <param name="Error">None, or the code for the client.</param>
/// <param name="Message">What is wrong, for the client; null if nothing is.</param>
/// <param name="Assignments">The replicas of each partition, the preferred leader first; empty on error.</param>
public sealed record PlacementResult(ErrorCode Error, string? Message, ImmutableArray<ImmutableArray<BrokerId>> Assignments)
{
    /// <summary>A placement.</summary>
    public static PlacementResult Of(ImmutableArray<ImmutableArray<BrokerId>> assignments) => new(ErrorCode.None, null, assignments);

    /// <summary>A refusal.</summary>
    public static PlacementResult Refused(ErrorCode error, string message) => new(error, message, []);
}
