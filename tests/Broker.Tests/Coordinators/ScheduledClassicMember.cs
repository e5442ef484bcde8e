using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>
/// A client of the classic protocol, in a group of either kind: an eager one gives up everything before it joins; a cooperative one keeps
/// what it has, lets go what it is not assigned any more, and then joins again.
/// </summary>
internal sealed class ScheduledClassicMember(ConsumerRig rig, string name, bool isCooperative, string[] topics) : ScheduledMember(rig, name)
{
    private const short SubscriptionVersion = 1;

    private TopicPartitionSet _owned = TopicPartitionSet.Empty;
    private Answer<JoinGroupResponse>? _joining;
    private Answer<SyncGroupResponse>? _syncing;
    private int _generation = -1;
    private bool _isAssigned;

    public override TopicPartitionSet Held => _owned;

    public override bool IsSettled => _isAssigned && _joining is null && _syncing is null;

    public override void Act(Random random)
    {
        if (_joining is { IsThere: true }) OnJoined(_joining.Value);
        if (_syncing is { IsThere: true }) OnAssigned(_syncing.Value);
        if (_joining is not null || _syncing is not null) return;
        if (!_isAssigned)
        {
            Join();
            return;
        }

        ErrorCode error = Rig.Shards.Heartbeat(Id, _generation);
        if (error != ErrorCode.None) OnRefused(error);
        if (random.Next(20) == 0) LoseAnswers();
    }

    public override void LoseAnswers()
    {
        if (_joining is null && _syncing is null) return;
        (_joining, _syncing) = (null, null);
        _isAssigned = false;
    }

    public override void Leave(Random random)
    {
        (_owned, _joining, _syncing) = (TopicPartitionSet.Empty, null, null);
        if (Id.Length > 0) Rig.Shards.Shard.Leave("g", [new GroupLeaver(Id, null)]);
    }

    public override string ToString() =>
        $"{Name} {(isCooperative ? "cooperative" : "eager")} {Id} {_generation} {(_joining is null ? "" : "joins ")}{(_syncing is null ? "" : "syncs ")}{(_isAssigned ? "assigned" : "")} [{Show(_owned)}]";

    private void Join()
    {
        if (!isCooperative) _owned = TopicPartitionSet.Empty;
        _joining = new Answer<JoinGroupResponse>();
        string protocol = isCooperative ? "cooperative" : "eager";
        Rig.Shards.Shard.Join(
            "g",
            new GroupJoin(Id, null, new MemberClient("c", "/h"), 45_000, 60_000, "consumer", [new MemberProtocol(protocol, Metadata())], MustKnowId: true, CanSkipAssignment: true),
            _joining.Set);
        if (_joining.IsThere) OnJoined(_joining.Value);
    }

    private void OnJoined(JoinGroupResponse joined)
    {
        _joining = null;
        if (joined.ErrorCode == ErrorCode.MemberIdRequired)
        {
            Id = joined.MemberId;
            return;
        }

        if (joined.ErrorCode != ErrorCode.None)
        {
            OnRefused(joined.ErrorCode);
            return;
        }

        (Id, _generation) = (joined.MemberId, joined.GenerationId);
        _syncing = new Answer<SyncGroupResponse>();
        IReadOnlyList<GroupAssignment> assignments = joined.Leader == joined.MemberId ? Assign(joined.Members) : [];
        Rig.Shards.Shard.Sync("g", new GroupSync(Id, null, _generation, "consumer", joined.ProtocolName, assignments), _syncing.Set);
        if (_syncing.IsThere) OnAssigned(_syncing.Value);
    }

    private void OnAssigned(SyncGroupResponse assigned)
    {
        _syncing = null;
        if (assigned.ErrorCode != ErrorCode.None)
        {
            OnRefused(assigned.ErrorCode);
            return;
        }

        TopicPartitionSet given = ReadAssignment(assigned.Assignment);
        bool letsGo = isCooperative && !_owned.Except(given).IsEmpty;
        _owned = given;
        // A cooperative member that let something go joins again at once, so that others may have it.
        _isAssigned = !letsGo;
    }

    private void OnRefused(ErrorCode error)
    {
        _isAssigned = false;
        if (error == ErrorCode.RebalanceInProgress) return;
        _owned = TopicPartitionSet.Empty;
        if (error is ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId) Id = "";
    }

    /// <summary>A leader's assignment: evenly by number; a cooperative one gives nothing away that another member still has.</summary>
    private List<GroupAssignment> Assign(JoinGroupResponse.JoinGroupResponseMember[] members)
    {
        (string Id, ConsumerProtocolSubscription Said)[] all = [.. members.Select(member => (member.MemberId, Read(member.Metadata))).OrderBy(one => one.MemberId, StringComparer.Ordinal)];
        var given = all.ToDictionary(one => one.Id, _ => new List<(string Topic, int Partition)>());
        foreach (string topic in all.SelectMany(one => one.Said.Topics).Distinct())
        {
            if (!Rig.Shards.Topics.Image.TryGetTopic(topic, out TopicImage? image)) continue;
            string[] readers = [.. all.Where(one => one.Said.Topics.Contains(topic)).Select(one => one.Id)];
            for (int partition = 0; partition < image.Partitions.Length; partition++)
            {
                string reader = readers[partition % readers.Length];
                string? owner = all.FirstOrDefault(one => one.Said.OwnedPartitions.Any(owned => owned.Topic == topic && owned.Partitions.Contains(partition))).Id;
                if (!isCooperative || owner is null || owner == reader) given[reader].Add((topic, partition));
            }
        }

        return [.. given.Select(one => new GroupAssignment(one.Key, WriteAssignment(one.Value)))];
    }

    private byte[] Metadata()
    {
        var subscription = new ConsumerProtocolSubscription
        {
            Topics = topics,
            OwnedPartitions =
            [
                .. _owned.All.GroupBy(one => one.Topic).Where(topic => Rig.Shards.Topics.Image.TryGetTopic(topic.Key, out _)).Select(topic => new ConsumerProtocolSubscription.TopicPartition
                {
                    Topic = Rig.Shards.Topics.Image.TryGetTopic(topic.Key, out TopicImage? image) ? image.Name : "",
                    Partitions = [.. topic.Select(one => one.Partition)],
                }),
            ],
        };
        return Write(subscription, SubscriptionVersion);
    }

    private TopicPartitionSet ReadAssignment(byte[] bytes)
    {
        if (bytes.Length == 0) return TopicPartitionSet.Empty;
        var reader = new KafkaReader(bytes);
        ConsumerProtocolAssignment assignment = ConsumerProtocolAssignment.Read(ref reader, reader.ReadInt16());
        return TopicPartitionSet.Of(assignment.AssignedPartitions
            .Where(topic => Rig.Shards.Topics.Image.TryGetTopic(topic.Topic, out _))
            .SelectMany(topic => topic.Partitions.Select(partition => (Rig.Shards.Topics.Id(topic.Topic), partition))));
    }

    private static ConsumerProtocolSubscription Read(byte[] metadata)
    {
        var reader = new KafkaReader(metadata);
        return ConsumerProtocolSubscription.Read(ref reader, reader.ReadInt16());
    }

    private static byte[] WriteAssignment(IEnumerable<(string Topic, int Partition)> partitions) => Write(
        new ConsumerProtocolAssignment
        {
            AssignedPartitions =
            [
                .. partitions.GroupBy(one => one.Topic).Select(topic => new ConsumerProtocolAssignment.TopicPartition
                {
                    Topic = topic.Key,
                    Partitions = [.. topic.Select(one => one.Partition)],
                }),
            ],
        },
        SubscriptionVersion);

    private static byte[] Write(WireStruct body, short version)
    {
        var bytes = new byte[sizeof(short) + body.GetSize(version)];
        var writer = new KafkaWriter(bytes);
        writer.WriteInt16(version);
        body.Write(ref writer, version);
        return bytes;
    }
}
