using KBroker.Protocol;

namespace KBroker.Controller;

/// <summary>What became of a topic to create; the numbers are what it has, or with validate-only would have.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Error">None if it was created (or, with validate-only, could be).</param>
/// <param name="Message">What is wrong; null if nothing is.</param>
/// <param name="TopicId">Its id; empty on error and with validate-only.</param>
/// <param name="PartitionCount">Its partitions; -1 on error.</param>
/// <param name="ReplicationFactor">Its replicas; -1 on error.</param>
public sealed record CreateTopicResult(
    string Name, ErrorCode Error, string? Message, Guid TopicId, int PartitionCount, short ReplicationFactor)
{
    internal static CreateTopicResult Refused(string name, ErrorCode error, string? message)
        => new(name, error, message, Guid.Empty, -1, -1);
}
