using System.Globalization;
using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Broker.Coordinators.Groups.Consumer;
using KBroker.Controller.Metadata;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>
/// Random schedules of members of both protocols that join, heartbeat, leave, die and lose answers, of topics that come, grow and go, and
/// of moves of the coordinator, from a seed. In every one: of the members that the group has not put out no two hold one partition, epochs
/// only rise, a replay of the log (whole or compacted) makes the same state, and once the world is quiet every partition is read.
/// </summary>
public sealed class ConsumerGroupScheduleTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    [InlineData(5, true)]
    public void AnySchedule_Seed_KeepsThePromises(int seed, bool withClassicMembers)
    {
        for (int i = 0; i < 120; i++) new World((seed * 1_000) + i, withClassicMembers).Run();
    }

    private sealed class World
    {
        private static readonly string[] TopicNames = ["t", "u", "tv"];
        private readonly int _seed;
        private readonly Random _random;
        private readonly ConsumerRig _rig = new(null, ("t", 5), ("u", 3));
        private readonly List<ScheduledMember> _members = [];
        private readonly bool _withClassicMembers;
        private readonly bool _isCooperative;
        private readonly Queue<string> _trace = new();
        private int _names;
        private (int Group, int Target) _epochs;
        private HashSet<string> _ids = [];

        public World(int seed, bool withClassicMembers)
        {
            _seed = seed;
            _withClassicMembers = withClassicMembers;
            _random = new Random(seed);
            _isCooperative = _random.Next(2) == 0;
        }

        private RigTopics Topics => _rig.Shards.Topics;

        private IGroup? Group => _rig.Shards.Shard.Groups.SingleOrDefault();

        public void Run()
        {
            int step = 0;
            try
            {
                for (; step < 150; step++)
                {
                    Step();
                    Trace();
                    Check();
                }

                Settle();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(
                    $"seed {_seed.ToString(CultureInfo.InvariantCulture)}, step {step.ToString(CultureInfo.InvariantCulture)}: {e.Message}\n{string.Join('\n', _trace)}", e);
            }
        }

        private void Step()
        {
            switch (_random.Next(14))
            {
                case 0 or 1 when _members.Count < 7:
                    _members.Add(NewMember());
                    // Of two with one instance id the older one has died or left for a while, as when a process is started anew.
                    foreach (ScheduledConsumer old in OthersOfItsName(_members[^1]))
                    {
                        if (_random.Next(2) == 0) old.Leave(_random);
                        _members.Remove(old);
                    }

                    break;
                case 2 when _members.Count > 0:
                    ScheduledMember leaver = Any();
                    leaver.Leave(_random);
                    _members.Remove(leaver);
                    break;
                case 3 when _members.Count > 0 && _random.Next(2) == 0:
                    _members.Remove(Any());
                    break;
                case 4 when _members.Count > 0:
                    Any().LoseAnswers();
                    break;
                case 5 when _random.Next(4) == 0:
                    Move();
                    break;
                case 6:
                    _rig.Shards.Log.HoldsCommits = _random.Next(2) == 0;
                    if (!_rig.Shards.Log.HoldsCommits) _rig.Shards.Log.Commit();
                    break;
                case 7:
                    _rig.Shards.Advance(_random.Next(1, 10_000));
                    break;
                case 8 when _random.Next(3) == 0:
                    ChangeTopics();
                    break;
                default:
                    _rig.Shards.Advance(_random.Next(1, 400));
                    if (_members.Count == 0) break;
                    ScheduledMember actor = Any();
                    actor.Act(_random);
                    if (actor.IsGone) _members.Remove(actor);
                    break;
            }
        }

        /// <summary>What a failure shows of the last steps.</summary>
        private void Trace()
        {
            string groups = string.Join(' ', _rig.Shards.Shard.Groups.Select(group => $"{group.TypeName} {group.StateName}"));
            _trace.Enqueue($"{groups}: {string.Join("; ", _members)}");
            if (_trace.Count > 12) _trace.Dequeue();
        }

        private ScheduledMember NewMember()
        {
            string name = $"m{_names++.ToString(CultureInfo.InvariantCulture)}";
            string[] topics = _random.Next(3) == 0 ? ["t", "u"] : ["t"];
            if (_withClassicMembers && _random.Next(2) == 0) return new ScheduledClassicMember(_rig, name, _isCooperative, topics);
            string? instance = _random.Next(4) == 0 ? $"i{_random.Next(3).ToString(CultureInfo.InvariantCulture)}" : null;
            return _random.Next(4) == 0
                ? new ScheduledConsumer(_rig, name, instance, null, "t.*")
                : new ScheduledConsumer(_rig, name, instance, topics, null);
        }

        private List<ScheduledConsumer> OthersOfItsName(ScheduledMember member) => member is not ScheduledConsumer { InstanceId: { } name }
            ? []
            : [.. _members.OfType<ScheduledConsumer>().Where(one => !ReferenceEquals(one, member) && one.InstanceId == name)];

        private void ChangeTopics()
        {
            string name = TopicNames[_random.Next(TopicNames.Length)];
            if (!Topics.Image.TryGetTopic(name, out TopicImage? topic)) Topics.Create(name, _random.Next(1, 5));
            else if (_random.Next(3) == 0) Topics.Delete(name);
            else Topics.Grow(name, topic.Partitions.Length + 1);
        }

        private void Move()
        {
            string? before = Describe(_rig.Shards.Shard);
            // A classic generation that nobody was assigned anything in is not kept.
            if (before is null) _epochs = default;
            foreach (ScheduledMember member in _members) member.LoseAnswers();
            var compacted = new GroupRig();
            foreach (CoordinatorRecord record in Compacted(_rig.Shards.Log.Records)) compacted.Shard.Replay(record, -1);
            _rig.Shards.Move();
            Assert.Equal(before, Describe(_rig.Shards.Shard));
            if (before is not null) Assert.Equal(before, Describe(compacted.Shard));
        }

        private void Check()
        {
            if (Group is not { StateName: not "Empty" } group)
            {
                _epochs = default;
                return;
            }

            // A group that was empty may have begun anew as one of the other kind.
            HashSet<string> ids = [.. IdsOf(group)];
            if (!_ids.Overlaps(ids)) _epochs = default;
            _ids = ids;

            // Whom the group has put out may not know it yet; nobody else is bound by what he believes.
            var owners = new Dictionary<(Guid, int), string>();
            foreach (ScheduledMember member in _members.Where(member => IsIn(group, member.Id)))
            {
                foreach ((Guid, int) partition in member.Held.All)
                    Assert.True(owners.TryAdd(partition, member.Name), $"{partition} is held by {owners.GetValueOrDefault(partition)} and {member.Name}");
            }

            (int, int) epochs = group is ConsumerGroup consumers
                ? (consumers.State.GroupEpoch, consumers.State.AssignmentEpoch)
                : (((ClassicGroup)group).GenerationId, _epochs.Target);
            Assert.True(epochs.Item1 >= _epochs.Group && epochs.Item2 >= _epochs.Target, $"the epochs went back from {_epochs} to {epochs}");
            _epochs = epochs;
            if (group is ConsumerGroup one) CheckOwners(one.State);
        }

        private static void CheckOwners(ConsumerGroupState state)
        {
            (Guid Topic, int Partition)[] held = [.. state.Members.Values.SelectMany(member => member.Current.Assigned.Set.All.Concat(member.Current.PendingRevocation.Set.All))];
            Assert.Equal(held.Length, held.Distinct().Count());
            Assert.Equal(held.Length, state.Owners.Count);
            Assert.True(state.AssignmentEpoch <= state.GroupEpoch);
            Assert.All(state.Members.Values, member => Assert.True(member.Epoch <= state.GroupEpoch));
        }

        private static IEnumerable<string> IdsOf(IGroup group) => group is ConsumerGroup consumers
            ? consumers.State.Members.Keys
            : ((ClassicGroup)group).Members.All.Select(member => member.Id);

        private static bool IsIn(IGroup group, string memberId) => IdsOf(group).Contains(memberId);

        private void Settle()
        {
            _rig.Shards.Log.HoldsCommits = false;
            _rig.Shards.Log.Commit();
            for (int round = 0; round < 400 && !IsQuiet(); round++)
            {
                foreach (ScheduledMember member in _members.ToList())
                {
                    member.Act(_random);
                    if (member.IsGone) _members.Remove(member);
                    Check();
                }

                _rig.Shards.Advance(500);
            }

            if (_members.Count == 0) return;
            Assert.True(IsQuiet(), $"the group does not settle: {string.Join("; ", _members.Select(member => $"{member.Name} {member.IsSettled} {member.Held}"))} {Describe(_rig.Shards.Shard)}");
            Move();
        }

        private bool IsQuiet()
        {
            if (_members.Count == 0) return true;
            if (Group is not { StateName: "Stable" } || !_members.TrueForAll(member => member.IsSettled && IsIn(Group, member.Id))) return false;
            IReadOnlySet<string> subscribed = Group.SubscribedTopics!;
            TopicPartitionSet all = TopicPartitionSet.Of(Topics.Image.Topics.Where(topic => subscribed.Contains(topic.Name))
                .SelectMany(topic => topic.Partitions.Select(partition => (topic.Id, partition.Id))));
            return _members.Aggregate(TopicPartitionSet.Empty, (held, member) => held.Union(member.Held)).Equals(all)
                || Group is ClassicGroup;
        }

        /// <summary>A consumer group in full as text; null where there is none.</summary>
        private static string? Describe(GroupShard shard)
        {
            if (shard.Groups.SingleOrDefault() is not ConsumerGroup group) return null;
            ConsumerGroupState state = group.State;
            var lines = new List<string> { $"{state.GroupEpoch} {state.AssignmentEpoch} {state.AssignmentTimestampMs}" };
            lines.AddRange(state.Topics.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"topic {one}"));
            lines.AddRange(state.Regexes.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"regex {one.Key} {string.Join(' ', one.Value.Topics)} {one.Value.Version} {one.Value.TimestampMs}"));
            lines.AddRange(state.StaticMembers.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"static {one}"));
            foreach (ConsumerMember member in state.Members.Values.OrderBy(one => one.Id, StringComparer.Ordinal))
            {
                MemberSubscription asked = member.Subscription;
                string classic = asked.Classic is null ? "" : $"{asked.Classic.SessionTimeoutMs} {string.Join(' ', asked.Classic.Protocols.Select(protocol => $"{protocol.Name} {Convert.ToHexString(protocol.Metadata)}"))}";
                lines.Add($"member {member.Id} {asked.InstanceId} {asked.RackId} {asked.Client} {string.Join(' ', asked.Topics)} {asked.Regex} {asked.RebalanceTimeoutMs} {asked.Assignor} {classic}");
                lines.Add($"  has {member.Epoch} {member.Current.PreviousEpoch} {member.Current.State} {Text(member.Current.Assigned)} | {Text(member.Current.PendingRevocation)}");
                lines.Add($"  target {string.Join(' ', state.TargetOf(member.Id).All.Order())}");
            }

            lines.AddRange(state.Owners.OrderBy(one => one.Key).Select(one => $"owner {one}"));
            return string.Join('\n', lines);
        }

        private static string Text(AssignedPartitions partitions) =>
            string.Join(' ', partitions.Set.All.Order().Select(one => $"{one}@{partitions.EpochOf(one.Topic, one.Partition)}"));

        private static IEnumerable<CoordinatorRecord> Compacted(List<CoordinatorRecord> records)
        {
            var last = new Dictionary<string, int>(StringComparer.Ordinal);
            for (int i = 0; i < records.Count; i++) last[Convert.ToHexString(records[i].Key)] = i;
            return records.Where((record, i) => last[Convert.ToHexString(record.Key)] == i);
        }

        private ScheduledMember Any() => _members[_random.Next(_members.Count)];
    }
}
