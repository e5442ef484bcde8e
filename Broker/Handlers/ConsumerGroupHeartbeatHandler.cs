using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Coordinators.Groups.Assignors;
using KBroker.Broker.Coordinators.Groups.Consumer;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// ConsumerGroupHeartbeat (key 68): a member of the consumer protocol joins, lives, says what it holds, is told what it may read, and
/// leaves (KIP-848).
/// </summary>
/// <remarks>Versions 0-1. v1: expressions as subscriptions, matched by the broker; the client makes the member id (KIP-1082).</remarks>
public sealed class ConsumerGroupHeartbeatHandler : ApiHandler<ConsumerGroupHeartbeatRequest>
{
    private const short ClientMakesIdFrom = 1;

    private readonly GroupCoordinator _groups;
    private readonly Func<GroupConfig> _config;

    /// <param name="groups">The groups here.</param>
    /// <param name="config">The settings of groups now in force.</param>
    public ConsumerGroupHeartbeatHandler(GroupCoordinator groups, Func<GroupConfig> config)
        : base(ApiKey.ConsumerGroupHeartbeat, ConsumerGroupHeartbeatRequest.LowestVersion, ConsumerGroupHeartbeatRequest.HighestVersion)
    {
        _groups = groups;
        _config = config;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, ConsumerGroupHeartbeatRequest request)
    {
        if (Check(request, context.ApiVersion) is { } wrong)
            return ValueTask.FromResult(PendingResponse.Ready(Answer(ConsumerHeartbeatAnswer.Refused(ErrorCode.InvalidRequest, wrong))));
        IReadOnlyList<string> assignors = _config().Consumer.Assignors;
        if (request.ServerAssignor is not null && !assignors.Contains(request.ServerAssignor))
        {
            return ValueTask.FromResult(PendingResponse.Ready(Answer(ConsumerHeartbeatAnswer.Refused(
                ErrorCode.UnsupportedAssignor,
                $"ServerAssignor {request.ServerAssignor} is not supported. Supported assignors: {string.Join(", ", assignors)}."))));
        }

        var beat = new ConsumerHeartbeat(
            request.MemberId, request.MemberEpoch, new MemberClient(context.ClientId ?? "", $"/{context.Connection.ClientHost}"))
        {
            InstanceId = request.InstanceId,
            RackId = request.RackId,
            RebalanceTimeoutMs = request.RebalanceTimeoutMs,
            Topics = request.SubscribedTopicNames,
            Regex = request.SubscribedTopicRegex,
            Assignor = request.ServerAssignor,
            Owned = request.TopicPartitions is null
                ? null
                : TopicPartitionSet.Of(request.TopicPartitions.SelectMany(topic => topic.Partitions.Select(partition => (topic.TopicId, partition)))),
        };
        Task<ConsumerHeartbeatAnswer> answer = _groups.HeartbeatAsync(request.GroupId, beat);
        return ValueTask.FromResult(answer.IsCompletedSuccessfully
            ? PendingResponse.Ready(Answer(answer.Result))
            : PendingResponse.Later(AnswerAsync(answer)));
    }

    /// <summary>What is wrong with a request, whatever the group is; null if nothing is.</summary>
    private static string? Check(ConsumerGroupHeartbeatRequest request, short version)
    {
        bool mustHaveId = version >= ClientMakesIdFrom || request.MemberEpoch > 0 || request.MemberEpoch == ConsumerMember.LeaveEpoch;
        if (mustHaveId && request.MemberId.Length == 0) return "MemberId can't be empty.";
        if (request.GroupId.Length == 0) return "GroupId can't be empty.";
        if (request.InstanceId is "") return "InstanceId can't be empty.";
        if (request.RackId is "") return "RackId can't be empty.";
        if (!Fits(request)) return "A name is too long.";
        switch (request.MemberEpoch)
        {
            case 0 when request.RebalanceTimeoutMs == -1:
                return "RebalanceTimeoutMs must be provided in first request.";
            case 0 when request.TopicPartitions is not { Length: 0 }:
                return "TopicPartitions must be empty when (re-)joining.";
            case 0 when request.SubscribedTopicNames is null && request.SubscribedTopicRegex is null:
                return version >= ClientMakesIdFrom
                    ? "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining."
                    : "SubscribedTopicNames must be set in first request.";
            case ConsumerMember.StaticLeaveEpoch when request.InstanceId is null:
                return "InstanceId can't be null.";
            case < ConsumerMember.StaticLeaveEpoch:
                return "MemberEpoch is invalid.";
            default:
                return null;
        }
    }

    // The strings of records have 16-bit lengths.
    private static bool Fits(ConsumerGroupHeartbeatRequest request) =>
        CoordinatorRecord.FitsString(request.GroupId) && CoordinatorRecord.FitsString(request.MemberId)
        && CoordinatorRecord.FitsString(request.InstanceId) && CoordinatorRecord.FitsString(request.RackId)
        && CoordinatorRecord.FitsString(request.SubscribedTopicRegex)
        && (request.SubscribedTopicNames ?? []).All(CoordinatorRecord.FitsString);

    private static async Task<IApiMessage> AnswerAsync(Task<ConsumerHeartbeatAnswer> answer) => Answer(await answer.ConfigureAwait(false));

    private static ConsumerGroupHeartbeatResponse Answer(ConsumerHeartbeatAnswer answer) => new()
    {
        ErrorCode = answer.Error,
        ErrorMessage = answer.Message,
        MemberId = answer.MemberId,
        MemberEpoch = answer.MemberEpoch,
        HeartbeatIntervalMs = answer.HeartbeatIntervalMs,
        Assignment = answer.Assignment is not { } assigned ? null : new ConsumerGroupHeartbeatResponse.AssignmentData
        {
            TopicPartitions =
            [
                .. assigned.Topics.Select(topic => new ConsumerGroupHeartbeatResponse.TopicPartitions
                {
                    TopicId = topic,
                    Partitions = assigned.Of(topic).ToArray(),
                }),
            ],
        },
    };
}
