using KBroker.Protocol;

namespace KBroker.Controller;

/// <summary>What became of a topic to delete.</summary>
/// <param name="Name">Its name; null if it was asked for by an unknown id.</param>
/// <param name="Id">Its id; empty if it was asked for by an unknown name.</param>
/// <param name="Error">None if it is deleted.</param>
/// <param name="Message">What is wrong; null if nothing is.</param>
public sealed record DeleteTopicResult(string? Name, Guid Id, ErrorCode Error, string? Message);
