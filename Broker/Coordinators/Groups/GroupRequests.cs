namespace KBroker.Broker.Coordinators.Groups;

/// <summary>What a JoinGroup asks for.</summary>
/// <param name="MemberId">The member's id; empty for one that has none.</param>
/// <param name="InstanceId">The id of a static member; null for a dynamic one.</param>
/// <param name="Client">Who asks.</param>
/// <param name="SessionTimeoutMs">How long it may be silent.</param>
/// <param name="RebalanceTimeoutMs">How long it may take to join again.</param>
/// <param name="ProtocolType">The kind of group.</param>
/// <param name="Protocols">What it supports, its favourite first.</param>
/// <param name="MustKnowId">Whether a dynamic member without an id is given one and has to come back with it (version 4 and later).</param>
/// <param name="CanSkipAssignment">Whether it understands that it leads and yet need not assign (version 9 and later).</param>
public readonly record struct GroupJoin(
    string MemberId,
    string? InstanceId,
    MemberClient Client,
    int SessionTimeoutMs,
    int RebalanceTimeoutMs,
    string ProtocolType,
    IReadOnlyList<MemberProtocol> Protocols,
    bool MustKnowId,
    bool CanSkipAssignment)
{
    /// <summary>
    /// Whether the names fit the record of a group, whose strings have 16-bit lengths; requests of flexible versions may carry longer
    /// ones. An id that the coordinator makes is at most 37 characters longer than what it is made of.
    /// </summary>
    public bool FitsRecord => CoordinatorRecord.FitsString(MemberId) && CoordinatorRecord.FitsString(InstanceId)
        && CoordinatorRecord.FitsString(Client.ClientId) && CoordinatorRecord.FitsString(ProtocolType) && Protocols.All(protocol => CoordinatorRecord.FitsString(protocol.Name));
}

/// <summary>What a leader assigns to a member.</summary>
public readonly record struct GroupAssignment(string MemberId, byte[] Assignment);

/// <summary>What a SyncGroup asks for.</summary>
/// <param name="MemberId">The member.</param>
/// <param name="InstanceId">Its instance id, if it is static.</param>
/// <param name="GenerationId">The generation it joined.</param>
/// <param name="ProtocolType">The kind of group it believes in; null from old clients.</param>
/// <param name="ProtocolName">The protocol it believes in; null from old clients.</param>
/// <param name="Assignments">Everybody's assignment, from the leader.</param>
public readonly record struct GroupSync(
    string MemberId,
    string? InstanceId,
    int GenerationId,
    string? ProtocolType,
    string? ProtocolName,
    IReadOnlyList<GroupAssignment> Assignments);

/// <summary>Who leaves: a member by its id, or a static one by its instance id with an empty member id.</summary>
public readonly record struct GroupLeaver(string MemberId, string? InstanceId);
