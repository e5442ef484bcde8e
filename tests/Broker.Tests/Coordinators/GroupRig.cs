using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>A shard of groups stepped by hand: a clock that the test moves, ids by number, a log in memory.</summary>
internal sealed class GroupRig
{
    private int _ids;

    public GroupRig(GroupConfig? config = null, long nowMs = 0)
    {
        Config = config ?? new GroupConfig { InitialRebalanceDelayMs = 0 };
        Memory = new GroupMemory(() => Config, totalMemory: 1L << 30);
        WallClockMs = 1_700_000_000_000;
        Timers.AdvanceTo(nowMs);
        Shard = NewShard();
        Shard.Start();
    }

    public GroupConfig Config { get; set; }

    public long WallClockMs { get; set; }

    public GroupMemory Memory { get; }

    public RigTopics Topics { get; } = new();

    public MemoryCoordinatorLog Log { get; private set; } = new();

    public CoordinatorTimers Timers { get; private set; } = new();

    public GroupShard Shard { get; private set; }

    public ClassicGroup Group => Shard.TryGet("g", out ClassicGroup? group) ? group : throw new InvalidOperationException("there is no group g");

    /// <summary>Time passes, and what is due happens, deadline by deadline.</summary>
    public void Advance(long milliseconds)
    {
        long until = Timers.NowMs + milliseconds;
        while (Timers.NextMs is { } next && next <= until)
        {
            WallClockMs += Math.Max(next - Timers.NowMs, 0);
            Timers.RunDue(next);
        }

        WallClockMs += until - Timers.NowMs;
        Timers.RunDue(until);
    }

    /// <summary>The shard moves: another coordinator replays the log.</summary>
    public void Move()
    {
        Shard.End(ErrorCode.NotCoordinator);
        MemoryCoordinatorLog old = Log;
        long now = Timers.NowMs;
        (Log, Timers) = (new MemoryCoordinatorLog(), new CoordinatorTimers());
        Log.Records.AddRange(old.Records);
        Timers.AdvanceTo(now);
        Shard = NewShard();
        foreach (CoordinatorRecord record in old.Records) Shard.Replay(record, -1);
        Shard.Start();
    }

    public Answer<JoinGroupResponse> Join(
        string memberId = "", string? instanceId = null, string[]? protocols = null, string type = "consumer", int session = 10_000, int rebalance = 30_000,
        bool mustKnowId = false, bool canSkip = true)
    {
        var answer = new Answer<JoinGroupResponse>();
        Shard.Join(
            "g",
            new GroupJoin(
                memberId, instanceId, new MemberClient("c", "/h"), session, rebalance, type,
                [.. (protocols ?? ["range"]).Select(name => new MemberProtocol(name, Subscription("t")))], mustKnowId, canSkip),
            answer.Set);
        return answer;
    }

    public Answer<SyncGroupResponse> Sync(string memberId, int generation, params (string Member, byte[] Assignment)[] assignments)
    {
        var answer = new Answer<SyncGroupResponse>();
        Shard.Sync(
            "g", new GroupSync(memberId, null, generation, "consumer", null, [.. assignments.Select(one => new GroupAssignment(one.Member, one.Assignment))]), answer.Set);
        return answer;
    }

    public ErrorCode Heartbeat(string memberId, int generation, string? instanceId = null) => Shard.Heartbeat("g", memberId, instanceId, generation);

    public Answer<ErrorCode[]> Commit(string memberId, int generation, long offset, string topic = "t", string? instanceId = null)
    {
        var answer = new Answer<ErrorCode[]>();
        Shard.Commit("g", new OffsetCommitter(memberId, instanceId, generation), -1, [new OffsetToCommit(new OffsetKey(topic, 0), offset, -1, "")], answer.Set);
        return answer;
    }

    public long? Committed(string topic = "t", int partition = 0) =>
        Shard.Offsets.TryGet("g", new OffsetKey(topic, partition), out CommittedOffset? offset) ? offset.Offset : null;

    /// <summary>A group of one member in its first stable generation; its id.</summary>
    public string StableMember(string? instanceId = null, string[]? protocols = null)
    {
        JoinGroupResponse joined = Join(instanceId: instanceId, protocols: protocols).Value;
        Assert.Equal(ErrorCode.None, Sync(joined.MemberId, joined.GenerationId, (joined.MemberId, [1])).Value.ErrorCode);
        return joined.MemberId;
    }

    public static byte[] Subscription(params string[] topics)
    {
        var bytes = new List<byte> { 0, 0, 0, 0, 0, (byte)topics.Length };
        foreach (string topic in topics)
        {
            bytes.AddRange([0, (byte)topic.Length]);
            bytes.AddRange(System.Text.Encoding.UTF8.GetBytes(topic));
        }

        bytes.AddRange([0xff, 0xff, 0xff, 0xff]);
        return [.. bytes];
    }

    private GroupShard NewShard() =>
        new(new GroupServices(Log, Timers, () => Config, () => WallClockMs, () => new Guid(++_ids, 0, 0, new byte[8])) { Memory = Memory, Topics = () => Topics.Image });
}

/// <summary>An answer that may come later, and comes once.</summary>
internal sealed class Answer<T>
    where T : class
{
    private T? _value;

    public bool IsThere => _value is not null;

    public T Value => _value ?? throw new InvalidOperationException("there is no answer yet");

    public void Set(T value)
    {
        Assert.Null(_value);
        _value = value;
    }
}
