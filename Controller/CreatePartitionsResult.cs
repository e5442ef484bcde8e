using KBroker.Protocol;

namespace KBroker.Controller;

/// <summary>What became of partitions to add.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Error">None if they were added (or, with validate-only, could be).</param>
/// <param name="Message">What is wrong; null if nothing is.</param>
public sealed record CreatePartitionsResult(string Topic, ErrorCode Error, string? Message);
