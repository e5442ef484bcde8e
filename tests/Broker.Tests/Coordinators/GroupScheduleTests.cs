using System.Globalization;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>
/// Random schedules of joins, leaves, deaths, silence, lost answers, commits and moves of the coordinator, from a seed. In every one: a
/// partition has one owner per generation, a committed offset does not go back, and once the world is quiet every member has an
/// assignment in the same generation.
/// </summary>
public sealed class GroupScheduleTests
{
    private const int Partitions = 6;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void AnySchedule_Seed_KeepsThePromises(int seed)
    {
        for (int i = 0; i < 150; i++) new World(seed * 1_000 + i).Run();
    }

    private sealed class World
    {
        private readonly int _seed;
        private readonly Random _random;
        private readonly GroupRig _rig;
        private readonly List<Member> _members = [];
        private readonly Dictionary<(int Generation, int Partition), string> _owners = [];
        private readonly long[] _committed = new long[Partitions];
        private int _names;

        public World(int seed)
        {
            _seed = seed;
            _random = new Random(seed);
            _rig = new GroupRig(new GroupConfig { InitialRebalanceDelayMs = _random.Next(2) * 3_000, MaxSize = 20 });
        }

        public void Run()
        {
            try
            {
                for (int step = 0; step < 120; step++) Step();
                Settle();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {_seed.ToString(CultureInfo.InvariantCulture)}: {e.Message}", e);
            }
        }

        private void Step()
        {
            switch (_random.Next(12))
            {
                case 0 or 1 when _members.Count < 8:
                    _members.Add(new Member($"m{_names++}", _random.Next(3) == 0 ? $"i{_random.Next(4)}" : null, _random.Next(2) == 0));
                    // Of two with one instance id the older one is fenced, as it is when a process is started anew.
                    _members.RemoveAll(member => member.InstanceId is not null && !ReferenceEquals(member, _members[^1]) && member.InstanceId == _members[^1].InstanceId);
                    break;
                case 2 when _members.Count > 0:
                    Member leaver = Any();
                    if (leaver.Id.Length > 0) _rig.Shard.Leave("g", [new GroupLeaver(leaver.Id, leaver.InstanceId)]);
                    _members.Remove(leaver);
                    break;
                case 3 when _members.Count > 0:
                    _members.Remove(Any());
                    break;
                case 4 when _members.Count > 0:
                    Any().LoseAnswers();
                    break;
                case 5:
                    if (_random.Next(4) == 0) _rig.Move();
                    break;
                case 6:
                    _rig.Log.HoldsCommits = _random.Next(2) == 0;
                    if (!_rig.Log.HoldsCommits) _rig.Log.Commit();
                    break;
                case 7:
                    _rig.Advance(_random.Next(1, 12_000));
                    break;
                default:
                    _rig.Advance(_random.Next(1, 500));
                    if (_members.Count > 0) Act(Any());
                    break;
            }
        }

        private void Settle()
        {
            _rig.Log.HoldsCommits = false;
            _rig.Log.Commit();
            for (int round = 0; round < 200; round++)
            {
                foreach (Member member in _members.ToList()) Act(member);
                _rig.Advance(700);
                if (_members.TrueForAll(member => member.IsAssigned && member.Generation == _rig.Group.GenerationId) && IsGroupOf(_members)) break;
            }

            if (_members.Count == 0) return;
            Assert.All(_members, member => Assert.True(member.IsAssigned, $"{member.Name} has no assignment"));
            Assert.Equal(ClassicGroupState.Stable, _rig.Group.State);
            Assert.Equal(Enumerable.Range(0, Partitions), _members.SelectMany(member => member.Owned).Order());
        }

        private bool IsGroupOf(List<Member> members) =>
            members.Count == 0 || (_rig.Group.State == ClassicGroupState.Stable && _rig.Group.Members.Count == members.Count);

        private void Act(Member member)
        {
            if (member.Joining is { IsThere: true }) OnJoined(member, member.Joining.Value);
            if (member.Syncing is { IsThere: true }) OnAssigned(member, member.Syncing.Value);
            if (member.Joining is not null || member.Syncing is not null) return;
            if (!member.IsAssigned)
            {
                member.Joining = _rig.Join(member.Id, member.InstanceId, ["range", "roundrobin"], mustKnowId: member.AsksForId);
                if (member.Joining.IsThere) OnJoined(member, member.Joining.Value);
                return;
            }

            if (_random.Next(2) == 0) Commit(member);
            else if (_rig.Heartbeat(member.Id, member.Generation, member.InstanceId) is not ErrorCode.None and ErrorCode error) member.OnRefused(error);
        }

        private void OnJoined(Member member, JoinGroupResponse joined)
        {
            member.Joining = null;
            if (joined.ErrorCode == ErrorCode.MemberIdRequired) member.Id = joined.MemberId;
            if (joined.ErrorCode != ErrorCode.None)
            {
                member.OnRefused(joined.ErrorCode);
                return;
            }

            (member.Id, member.Generation) = (joined.MemberId, joined.GenerationId);
            bool assigns = joined.Leader == joined.MemberId && !joined.SkipAssignment;
            string[] all = [.. joined.Members.Select(one => one.MemberId)];
            (string, byte[])[] assignments = assigns
                ? [.. all.Select((id, i) => (id, Enumerable.Range(0, Partitions).Where(p => p % all.Length == i).Select(p => (byte)p).ToArray()))]
                : [];
            member.Syncing = _rig.Sync(member.Id, member.Generation, assignments);
            if (member.Syncing.IsThere) OnAssigned(member, member.Syncing.Value);
        }

        private void OnAssigned(Member member, SyncGroupResponse assigned)
        {
            member.Syncing = null;
            if (assigned.ErrorCode != ErrorCode.None)
            {
                member.OnRefused(assigned.ErrorCode);
                return;
            }

            member.IsAssigned = true;
            member.Owned = [.. assigned.Assignment.Select(one => (int)one)];
            foreach (int partition in member.Owned)
            {
                // A static member keeps its partitions under a new id: it is the same owner.
                string owner = member.InstanceId ?? member.Name;
                if (!_owners.TryAdd((member.Generation, partition), owner))
                    Assert.Equal(owner, _owners[(member.Generation, partition)]);
            }
        }

        private void Commit(Member member)
        {
            if (member.Owned.Length == 0) return;
            int partition = member.Owned[_random.Next(member.Owned.Length)];
            long before = _rig.Committed(partition: partition) ?? 0;
            Assert.True(before >= _committed[partition], $"the offset of partition {partition} went back from {_committed[partition]} to {before}");
            var answer = new Answer<ErrorCode[]>();
            long offset = before + _random.Next(1, 10);
            _rig.Shard.Commit(
                "g", new OffsetCommitter(member.Id, member.InstanceId, member.Generation), -1,
                [new OffsetToCommit(new OffsetKey("t", partition), offset, -1, "")],
                errors =>
                {
                    answer.Set(errors);
                    if (errors[0] == ErrorCode.None) _committed[partition] = Math.Max(_committed[partition], offset);
                });
            if (!answer.IsThere || answer.Value[0] == ErrorCode.None) return;
            member.OnRefused(answer.Value[0]);
        }

        private Member Any() => _members[_random.Next(_members.Count)];
    }

    private sealed class Member(string name, string? instanceId, bool asksForId)
    {
        public string Name => name;

        public string? InstanceId => instanceId;

        public bool AsksForId => asksForId;

        public string Id { get; set; } = "";

        public int Generation { get; set; } = -1;

        public bool IsAssigned { get; set; }

        public int[] Owned { get; set; } = [];

        public Answer<JoinGroupResponse>? Joining { get; set; }

        public Answer<SyncGroupResponse>? Syncing { get; set; }

        public void OnRefused(ErrorCode error)
        {
            IsAssigned = false;
            Owned = [];
            if (error is ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId) Id = "";
        }

        /// <summary>The connection broke: the client asks again.</summary>
        public void LoseAnswers()
        {
            (Joining, Syncing) = (null, null);
            if (!IsAssigned) Owned = [];
        }
    }
}
