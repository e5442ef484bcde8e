using KBroker.Protocol.Identity;

namespace KBroker.Broker.Coordinators;

/// <summary>What a state machine gets for one term of leadership of its partition.</summary>
/// <param name="Log">The partition.</param>
/// <param name="Timers">Its deadlines.</param>
/// <param name="Epoch">The leader epoch of the term.</param>
/// <param name="Post">
/// Steps the machine with what comes back of something it asked of others, from any thread; once the term is over nothing happens.
/// </param>
public sealed record CoordinatorTerm(ICoordinatorLog Log, CoordinatorTimers Timers, LeaderEpoch Epoch, Action<Action> Post);
