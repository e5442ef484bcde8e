namespace KBroker.Broker.Coordinators.Groups.Subscriptions;

/// <summary>What <c>(?flags)</c> has set at a point of an expression.</summary>
/// <param name="IgnoreCase"><c>i</c>.</param>
/// <param name="DotIsNewline"><c>s</c>.</param>
internal readonly record struct RegexFlags(bool IgnoreCase, bool DotIsNewline);
