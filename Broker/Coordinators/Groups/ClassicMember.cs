using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>A way to assign partitions that a member supports, with what the leader needs to know of the member to use it.</summary>
/// <param name="Name">The name, for instance <c>range</c>.</param>
/// <param name="Metadata">Bytes that only clients understand, among them the member's subscription.</param>
public readonly record struct MemberProtocol(string Name, byte[] Metadata);

/// <summary>Who a member is, as its connection says.</summary>
/// <param name="ClientId">The client's name for itself.</param>
/// <param name="ClientHost">The client's address.</param>
public readonly record struct MemberClient(string ClientId, string ClientHost);

/// <summary>A member of a classic group: what it asks for, and which answers it waits for.</summary>
public sealed class ClassicMember
{
    /// <param name="id">The id that the coordinator gave it.</param>
    /// <param name="instanceId">The id that a static member gave itself (KIP-345); null for a dynamic one.</param>
    /// <param name="client">Who it is.</param>
    /// <param name="session">Ends when the member has not been heard of for its session timeout.</param>
    public ClassicMember(string id, string? instanceId, MemberClient client, CoordinatorTimer session)
    {
        Id = id;
        InstanceId = instanceId;
        Client = client;
        Session = session;
    }

    /// <summary>The id that the coordinator gave it; a static member that comes back gets another one.</summary>
    public string Id { get; internal set; }

    /// <summary>The id that a static member gave itself (KIP-345); null for a dynamic one.</summary>
    public string? InstanceId { get; }

    /// <summary>Who it is.</summary>
    public MemberClient Client { get; internal set; }

    /// <summary>What it supports, its favourite first.</summary>
    public IReadOnlyList<MemberProtocol> Protocols { get; internal set; } = [];

    /// <summary>How long it may take to join again in a rebalance, milliseconds.</summary>
    public int RebalanceTimeoutMs { get; internal set; }

    /// <summary>How long it may be silent, milliseconds.</summary>
    public int SessionTimeoutMs { get; internal set; }

    /// <summary>What the leader assigned to it; empty without an assignment.</summary>
    public byte[] Assignment { get; internal set; } = [];

    /// <summary>Whether it has not been in any generation yet.</summary>
    public bool IsNew { get; internal set; }

    /// <summary>Whether its JoinGroup waits for the generation to begin.</summary>
    public bool AwaitsJoin => JoinReply is not null;

    /// <summary>Whether its SyncGroup waits for the leader's assignment.</summary>
    public bool AwaitsSync => SyncReply is not null;

    internal CoordinatorTimer Session { get; set; }

    /// <summary>What the group counts for this member, bytes.</summary>
    internal long HeldBytes { get; set; }

    internal Action<JoinGroupResponse>? JoinReply { get; set; }

    internal Action<SyncGroupResponse>? SyncReply { get; set; }

    /// <summary>
    /// Whether silence does not count: the member waits for an answer of the coordinator. One that never was in a generation does
    /// not get this credit, for its client may be gone without anybody noticing.
    /// </summary>
    public bool IsExcused => !IsNew && (AwaitsJoin || AwaitsSync);

    /// <summary>The member's metadata for a protocol; empty if it does not support it.</summary>
    public byte[] MetadataFor(string protocol)
    {
        foreach (MemberProtocol supported in Protocols)
        {
            if (supported.Name == protocol) return supported.Metadata;
        }

        return [];
    }

    /// <summary>Whether these are the member's protocols, in the same order and with the same metadata.</summary>
    public bool HasSame(IReadOnlyList<MemberProtocol> protocols)
    {
        if (protocols.Count != Protocols.Count) return false;
        for (int i = 0; i < protocols.Count; i++)
        {
            if (protocols[i].Name != Protocols[i].Name || !protocols[i].Metadata.AsSpan().SequenceEqual(Protocols[i].Metadata)) return false;
        }

        return true;
    }

    internal void AnswerJoin(JoinGroupResponse response)
    {
        Action<JoinGroupResponse>? reply = JoinReply;
        JoinReply = null;
        reply?.Invoke(response);
    }

    internal bool AnswerSync(SyncGroupResponse response)
    {
        if (SyncReply is not { } reply) return false;
        SyncReply = null;
        reply(response);
        return true;
    }

    internal static JoinGroupResponse JoinRefused(string memberId, ErrorCode error) => new()
    {
        MemberId = memberId,
        ErrorCode = error,
    };

    internal static SyncGroupResponse SyncRefused(ErrorCode error) => new() { ErrorCode = error };
}

/// <summary>A member that a classic group takes over from a consumer group.</summary>
/// <param name="Id">Its id.</param>
/// <param name="InstanceId">Its instance id; null for a dynamic one.</param>
/// <param name="Client">Who it is.</param>
/// <param name="SessionTimeoutMs">How long it may be silent, milliseconds.</param>
/// <param name="RebalanceTimeoutMs">How long it may take to join again, milliseconds.</param>
/// <param name="Protocols">What it supports, its favourite first.</param>
/// <param name="Assignment">What it is assigned.</param>
internal sealed record AdoptedMember(
    string Id,
    string? InstanceId,
    MemberClient Client,
    int SessionTimeoutMs,
    int RebalanceTimeoutMs,
    IReadOnlyList<MemberProtocol> Protocols,
    byte[] Assignment);
