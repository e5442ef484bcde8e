using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Metadata;

namespace KBroker.Broker.Configuration;

/// <summary>What applies to groups and their topic.</summary>
/// <param name="Groups">The bounds of groups and offsets.</param>
/// <param name="OffsetsTopic">How <c>__consumer_offsets</c> is made.</param>
/// <param name="CommitTimeout"><c>offsets.commit.timeout.ms</c>: how long a commit waits for replicas.</param>
public sealed record GroupSettings(GroupConfig Groups, InternalTopicSpec OffsetsTopic, TimeSpan CommitTimeout);
