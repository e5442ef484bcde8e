using System.Diagnostics.CodeAnalysis;
using KBroker.Protocol;

namespace KBroker.Broker.Coordinators.Groups;

/// <summary>
/// Who is in a classic group: its members, who among them is static, who leads, and which protocols all of them support.
/// </summary>
/// <param name="holdings">Hears of what the members hold in memory.</param>
public sealed class ClassicMembership(GroupHoldings holdings)
{
    private const int BytesOfMember = 1_500;
    private const int BytesOfProtocol = 150;

    private readonly Dictionary<string, ClassicMember> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _staticIds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _support = new(StringComparer.Ordinal);

    /// <summary>The members, in no order.</summary>
    public IReadOnlyCollection<ClassicMember> All => _members.Values;

    /// <summary>The number of members.</summary>
    public int Count => _members.Count;

    /// <summary>The member that assigns; null when there is none.</summary>
    public string? LeaderId { get; private set; }

    /// <summary>What kind of group it is, for instance <c>consumer</c>; null while nobody has said.</summary>
    public string? ProtocolType { get; private set; }

    /// <summary>How many protocols are named by any member.</summary>
    internal int ProtocolNames => _support.Count;

    /// <summary>The longest time that a member may take to join again, milliseconds.</summary>
    public int RebalanceTimeoutMs => _members.Count == 0 ? 0 : _members.Values.Max(member => member.RebalanceTimeoutMs);

    /// <summary>Finds a member.</summary>
    public bool TryGet(string id, [NotNullWhen(true)] out ClassicMember? member) => _members.TryGetValue(id, out member);

    /// <summary>The id that a static member has at present; null if there is no such member.</summary>
    public string? FindStatic(string instanceId) => _staticIds.GetValueOrDefault(instanceId);

    /// <summary>
    /// Whether this id is a member and, where an instance id is given, the one that holds it: UNKNOWN_MEMBER_ID or
    /// FENCED_INSTANCE_ID if not.
    /// </summary>
    public ErrorCode Check(string memberId, string? instanceId)
    {
        if (instanceId is not null)
        {
            if (!_staticIds.TryGetValue(instanceId, out string? holder)) return ErrorCode.UnknownMemberId;
            if (holder != memberId) return ErrorCode.FencedInstanceId;
        }

        return _members.ContainsKey(memberId) ? ErrorCode.None : ErrorCode.UnknownMemberId;
    }

    /// <summary>Whether a member with these protocols fits: of the group's type, and one protocol at least in common with everybody.</summary>
    public bool Fits(string protocolType, IReadOnlyList<MemberProtocol> protocols)
    {
        if (_members.Count == 0) return protocolType.Length > 0 && protocols.Count > 0;
        return protocolType == ProtocolType && protocols.Any(protocol => _support.GetValueOrDefault(protocol.Name) == _members.Count);
    }

    /// <summary>About what a member takes, bytes.</summary>
    internal static long SizeOf(string id, string? instanceId, MemberClient client, IReadOnlyList<MemberProtocol> protocols, int assignment)
    {
        long size = BytesOfMember + GroupHoldings.SizeOf(id) + GroupHoldings.SizeOf(instanceId) + assignment
            + GroupHoldings.SizeOf(client.ClientId) + GroupHoldings.SizeOf(client.ClientHost);
        foreach (MemberProtocol protocol in protocols) size += BytesOfProtocol + GroupHoldings.SizeOf(protocol.Name) + protocol.Metadata.Length;
        return size;
    }

    /// <summary>Takes a member in; the first one leads.</summary>
    internal void Add(ClassicMember member, string protocolType)
    {
        if (_members.Count == 0) ProtocolType = protocolType;
        _members.Add(member.Id, member);
        if (member.InstanceId is not null) _staticIds[member.InstanceId] = member.Id;
        LeaderId ??= member.Id;
        CountSupport(member, 1);
        Measure(member);
    }

    /// <summary>Takes a member out; if it led, another one does.</summary>
    internal bool Remove(string id)
    {
        if (!_members.Remove(id, out ClassicMember? member)) return false;
        if (member.InstanceId is not null && _staticIds.GetValueOrDefault(member.InstanceId) == id) _staticIds.Remove(member.InstanceId);
        CountSupport(member, -1);
        if (LeaderId == id) LeaderId = _members.Keys.FirstOrDefault();
        member.Session.Cancel();
        holdings.Add(-member.HeldBytes);
        member.HeldBytes = 0;
        return true;
    }

    /// <summary>A static member goes on under another id.</summary>
    internal void Rename(ClassicMember member, string id)
    {
        _members.Remove(member.Id);
        if (LeaderId == member.Id) LeaderId = id;
        member.Id = id;
        _members.Add(id, member);
        if (member.InstanceId is not null) _staticIds[member.InstanceId] = id;
    }

    /// <summary>A member supports other protocols from now on.</summary>
    internal void SetProtocols(ClassicMember member, IReadOnlyList<MemberProtocol> protocols)
    {
        CountSupport(member, -1);
        member.Protocols = protocols;
        CountSupport(member, 1);
        Measure(member);
    }

    /// <summary>A member gets another assignment.</summary>
    internal void SetAssignment(ClassicMember member, byte[] assignment)
    {
        member.Assignment = assignment;
        Measure(member);
    }

    /// <summary>
    /// Hands the lead to a member that has joined again, unless the leader has. False if nobody has.
    /// </summary>
    internal bool ElectJoinedLeader()
    {
        if (LeaderId is not null && _members.TryGetValue(LeaderId, out ClassicMember? leader) && leader.AwaitsJoin) return true;
        ClassicMember? joined = _members.Values.FirstOrDefault(member => member.AwaitsJoin);
        if (joined is null) return false;
        LeaderId = joined.Id;
        return true;
    }

    /// <summary>The leader as a record of the log names it.</summary>
    internal void RestoreLeader(string? id) => LeaderId = id;

    /// <summary>
    /// The protocol that most members like best of those that all support; among equals the one that the leader likes better.
    /// </summary>
    public string SelectProtocol()
    {
        if (_members.Count == 0) throw new InvalidOperationException("a group without members has no protocol");
        var votes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (ClassicMember member in _members.Values)
        {
            string vote = member.Protocols.First(protocol => _support[protocol.Name] == _members.Count).Name;
            votes[vote] = votes.GetValueOrDefault(vote) + 1;
        }

        int most = votes.Values.Max();
        ClassicMember judge = LeaderId is not null && _members.TryGetValue(LeaderId, out ClassicMember? leader) ? leader : _members.Values.First();
        return judge.Protocols.First(protocol => votes.GetValueOrDefault(protocol.Name) == most).Name;
    }

    private void CountSupport(ClassicMember member, int change)
    {
        // A protocol that a member names twice counts once.
        foreach (string name in member.Protocols.Select(protocol => protocol.Name).Distinct(StringComparer.Ordinal))
        {
            int count = _support.GetValueOrDefault(name) + change;
            if (count == 0) _support.Remove(name);
            else _support[name] = count;
        }
    }

    private void Measure(ClassicMember member)
    {
        long size = SizeOf(member.Id, member.InstanceId, member.Client, member.Protocols, member.Assignment.Length);
        holdings.Add(size - member.HeldBytes);
        member.HeldBytes = size;
    }
}
