namespace KBroker.Benchmarks.Load.Wire;

/// <summary>What members of classic groups send, as whole frames, and what is in the answers.</summary>
internal static class GroupRequests
{
    public const short CoordinatorLoadInProgress = 14;
    public const short NotCoordinator = 16;
    public const short IllegalGeneration = 22;
    public const short UnknownMemberId = 25;
    public const short RebalanceInProgress = 27;
    public const short MemberIdRequired = 79;

    private const string ProtocolType = "consumer";
    private const string Protocol = "range";
    private const int SessionTimeoutMs = 45_000;
    private const int RebalanceTimeoutMs = 300_000;

    /// <summary>FindCoordinator v1 of a group (0) or a transactional id (1).</summary>
    public static byte[] FindCoordinator(string key, sbyte type) => new FrameWriter(10, 1).String(key).Int8(type).ToFrame();

    /// <summary>JoinGroup v5 of a consumer of one topic.</summary>
    public static byte[] Join(string group, string memberId, string topic)
    {
        // ConsumerProtocolSubscription v1: the topics, no data of its own, no partitions owned.
        byte[] subscription = new FrameWriter().Int16(1).Int32(1).String(topic).Int32(-1).Int32(0).ToBody();
        return new FrameWriter(11, 5).String(group).Int32(SessionTimeoutMs).Int32(RebalanceTimeoutMs).String(memberId).String(null)
            .String(ProtocolType).Int32(1).String(Protocol).Int32(subscription.Length).Raw(subscription).ToFrame();
    }

    /// <summary>Reads the answer to <see cref="Join"/>.</summary>
    public static JoinAnswer ReadJoin(ReadOnlySpan<byte> reply)
    {
        var reader = new ReplyReader(reply);
        reader.Int32();
        short error = reader.Int16();
        int generation = reader.Int32();
        reader.String();
        string leader = reader.String()!;
        string memberId = reader.String()!;
        var members = new string[reader.Int32()];
        for (int i = 0; i < members.Length; i++)
        {
            members[i] = reader.String()!;
            reader.String();
            reader.Bytes();
        }

        return new JoinAnswer(error, generation, memberId, leader == memberId, members);
    }

    /// <summary>SyncGroup v3; a leader gives each member the partition of its place among them.</summary>
    public static byte[] Sync(string group, int generation, string memberId, IReadOnlyList<string> members, string topic)
    {
        FrameWriter writer = new FrameWriter(14, 3).String(group).Int32(generation).String(memberId).String(null).Int32(members.Count);
        for (int i = 0; i < members.Count; i++)
        {
            // ConsumerProtocolAssignment v1.
            byte[] assignment = new FrameWriter().Int16(1).Int32(1).String(topic).Int32(1).Int32(i).Int32(-1).ToBody();
            writer.String(members[i]).Int32(assignment.Length).Raw(assignment);
        }

        return writer.ToFrame();
    }

    /// <summary>Reads the answer to <see cref="Sync"/>: an error, or an assignment that must not be empty.</summary>
    public static short ReadSync(ReadOnlySpan<byte> reply)
    {
        var reader = new ReplyReader(reply);
        reader.Int32();
        short error = reader.Int16();
        if (error == 0 && reader.Bytes().IsEmpty) throw new InvalidOperationException("SyncGroup brought no assignment");
        return error;
    }

    /// <summary>Heartbeat v3.</summary>
    public static byte[] Heartbeat(string group, int generation, string memberId) =>
        new FrameWriter(12, 3).String(group).Int32(generation).String(memberId).String(null).ToFrame();

    /// <summary>LeaveGroup v3 of one member.</summary>
    public static byte[] Leave(string group, string memberId) =>
        new FrameWriter(13, 3).String(group).Int32(1).String(memberId).String(null).ToFrame();

    /// <summary>Reads the error of an answer that begins with the throttle time.</summary>
    public static short ReadError(ReadOnlySpan<byte> reply)
    {
        var reader = new ReplyReader(reply);
        reader.Int32();
        return reader.Int16();
    }

    /// <summary>The answer to a JoinGroup.</summary>
    /// <param name="Error">0, or why the member is not in.</param>
    /// <param name="Generation">The generation that begins.</param>
    /// <param name="MemberId">The member's id.</param>
    /// <param name="Leads">Whether it assigns.</param>
    /// <param name="Members">Everybody's ids, for the leader.</param>
    internal readonly record struct JoinAnswer(short Error, int Generation, string MemberId, bool Leads, string[] Members);
}
