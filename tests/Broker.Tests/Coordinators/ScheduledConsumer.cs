using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Broker.Coordinators.Groups.Consumer;
using KBroker.Protocol;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>A client of the consumer protocol, as KIP-848 wants it: it lets go before it takes, and says what it holds when that changed.</summary>
internal sealed class ScheduledConsumer : ScheduledMember
{
    private readonly string? _instanceId;
    private readonly string[]? _topics;
    private readonly string? _regex;
    private TopicPartitionSet _owned = TopicPartitionSet.Empty;
    private TopicPartitionSet _assigned = TopicPartitionSet.Empty;
    private Answer<ConsumerHeartbeatAnswer>? _asked;
    private bool _mustSayOwned;
    private bool _missedAnswer;

    public ScheduledConsumer(ConsumerRig rig, string name, string? instanceId, string[]? topics, string? regex)
        : base(rig, name)
    {
        Id = name;
        (_instanceId, _topics, _regex) = (instanceId, topics, regex);
    }

    public string? InstanceId => _instanceId;

    public int Epoch { get; private set; }

    // While it waits for an answer, or missed one, it begins to read nothing.
    public override TopicPartitionSet Held => _asked is null && !_missedAnswer ? _owned.Union(_assigned) : _owned;

    public override bool IsSettled => _asked is null && Epoch > 0 && _owned.Equals(_assigned) && !_mustSayOwned;

    public override void Act(Random random)
    {
        if (_asked is { IsThere: true }) OnAnswer(_asked.Value);
        if (_asked is not null || IsGone) return;
        if (!_owned.Equals(_assigned) && !_missedAnswer && random.Next(2) == 0)
        {
            // The listener has run: what was revoked is let go, what is new is read.
            _owned = _assigned;
            _mustSayOwned = true;
        }

        bool joins = Epoch == 0;
        bool full = joins || _missedAnswer || random.Next(8) == 0;
        _asked = new Answer<ConsumerHeartbeatAnswer>();
        Rig.Shards.Shard.Heartbeat(
            "g",
            new ConsumerHeartbeat(Id, Epoch, new MemberClient("c", "/h"))
            {
                InstanceId = _instanceId,
                RebalanceTimeoutMs = full ? 60_000 : -1,
                Topics = full ? _topics : null,
                Regex = full ? _regex : null,
                Owned = full || _mustSayOwned || random.Next(4) == 0 ? _owned : null,
            },
            _asked.Set);
        if (random.Next(10) == 0) LoseAnswers();
        else if (_asked.IsThere) OnAnswer(_asked.Value);
    }

    public override void LoseAnswers()
    {
        if (_asked is null) return;
        _asked = null;
        // It cannot know what the coordinator heard, nor what it answered: it says everything, and takes nothing before it is told again.
        _missedAnswer = true;
    }

    public override void Leave(Random random)
    {
        LoseAnswers();
        (_owned, _assigned) = (TopicPartitionSet.Empty, TopicPartitionSet.Empty);
        if (Epoch > 0) Rig.Shards.Shard.Heartbeat("g", new ConsumerHeartbeat(Id, _instanceId is not null && random.Next(2) == 0 ? -2 : -1, new MemberClient("c", "/h")) { InstanceId = _instanceId }, _ => { });
    }

    public override string ToString() =>
        $"{Name} {_instanceId} {Epoch} {(_asked is null ? "" : "asks ")}{(_missedAnswer ? "missed " : "")} [{Show(_owned)}] [{Show(_assigned)}]";

    private void OnAnswer(ConsumerHeartbeatAnswer answer)
    {
        _asked = null;
        _missedAnswer = false;
        switch (answer.Error)
        {
            case ErrorCode.None:
                Assert.True(Epoch == 0 || answer.MemberEpoch >= Epoch, $"the epoch of {Name} went back from {Epoch} to {answer.MemberEpoch}");
                Epoch = answer.MemberEpoch;
                if (answer.Assignment is not null) _assigned = answer.Assignment;
                _mustSayOwned = !_owned.Equals(_assigned);
                break;
            case ErrorCode.FencedMemberEpoch or ErrorCode.UnknownMemberId or ErrorCode.GroupIdNotFound:
                (Epoch, _owned, _assigned, _mustSayOwned) = (0, TopicPartitionSet.Empty, TopicPartitionSet.Empty, false);
                break;
            case ErrorCode.FencedInstanceId:
                IsGone = true;
                break;
            case ErrorCode.UnreleasedInstanceId:
                break;
            default:
                throw new InvalidOperationException($"{Name} was answered {answer.Error} {answer.Message}");
        }
    }
}
