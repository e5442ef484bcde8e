namespace KBroker.Compat.Tests.Churn;

/// <summary>What all members of a group have in common.</summary>
/// <param name="Topic">The topic they read.</param>
/// <param name="Group">Their group.</param>
/// <param name="Strategy">The assignor, by its name in the protocol.</param>
/// <param name="SessionMs">Their session timeout, in milliseconds.</param>
/// <param name="HeartbeatMs">Between two heartbeats, in milliseconds.</param>
internal sealed record MemberSettings(string Topic, string Group, string Strategy, int SessionMs, int HeartbeatMs)
{
    /// <summary>As the scripts take it.</summary>
    public object ToArguments(string name) => new { name, topic = Topic, group = Group, strategy = Strategy, session = SessionMs, heartbeat = HeartbeatMs };
}
