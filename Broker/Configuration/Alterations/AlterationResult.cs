using KBroker.Protocol;

namespace KBroker.Broker.Configuration.Alterations;

/// <summary>What became of the changes of one resource.</summary>
/// <param name="Error">None if they are made (or, with validate-only, could be).</param>
/// <param name="Message">What is wrong; null if nothing is.</param>
public readonly record struct AlterationResult(ErrorCode Error, string? Message);
