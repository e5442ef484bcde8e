using System.Diagnostics;
using KBroker.Benchmarks.Load.Wire;

namespace KBroker.Benchmarks.Load.Traffic;

/// <summary>
/// A member of a classic group on a connection of its own: joins, comes back with the id it is given, syncs, sends heartbeats, and
/// joins again when told of a rebalance, as a consumer does; the first member assigns.
/// </summary>
internal sealed class GroupMember : IDisposable
{
    private const string Topic = "g0";
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(10);
    private readonly AsyncConnection _connection;
    private readonly string _group;
    private readonly GroupWatch _watch;
    private readonly TimeSpan _interval;
    private CancellationTokenSource _stop = new();
    private Task _run = Task.CompletedTask;
    private string _memberId = "";
    private long _heartbeats;

    public GroupMember(int port, string group, GroupWatch watch, TimeSpan heartbeatInterval)
    {
        _connection = new AsyncConnection(port);
        (_group, _watch, _interval) = (group, watch, heartbeatInterval);
    }

    /// <summary>When the member first asked to be taken in, a timestamp of <see cref="Stopwatch"/>.</summary>
    public long JoinedAt { get; private set; }

    public long Heartbeats => Volatile.Read(ref _heartbeats);

    /// <summary>Joins, and stays until stopped.</summary>
    public void Start()
    {
        (_stop, JoinedAt) = (new CancellationTokenSource(), 0);
        _run = RunAsync(_stop.Token);
    }

    /// <summary>Leaves the group; the member can start again. The group has to be whole: a member that waits for others waits on.</summary>
    public async Task LeaveAsync()
    {
        await _stop.CancelAsync();
        await _run;
        short error = GroupRequests.ReadError((await _connection.CallAsync(GroupRequests.Leave(_group, _memberId))).Span);
        if (error != 0) throw new InvalidOperationException($"LeaveGroup was answered with error {error}");
        _memberId = "";
    }

    public void Dispose()
    {
        _stop.Dispose();
        _connection.Dispose();
    }

    private async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (await StayAsync(await JoinAsync(), stop)) continue;
        }
        catch (Exception e)
        {
            _watch.Failed(e);
        }
    }

    private async Task<GroupRequests.JoinAnswer> JoinAsync()
    {
        while (true)
        {
            if (_memberId.Length > 0)
            {
                _watch.Joining();
                if (JoinedAt == 0) JoinedAt = Stopwatch.GetTimestamp();
            }

            ReadOnlyMemory<byte> reply = await _connection.CallAsync(GroupRequests.Join(_group, _memberId, Topic));
            GroupRequests.JoinAnswer answer = GroupRequests.ReadJoin(reply.Span);
            switch (answer.Error)
            {
                case 0 or GroupRequests.MemberIdRequired:
                    _memberId = answer.MemberId;
                    if (answer.Error == 0) return answer;
                    break;
                case GroupRequests.UnknownMemberId:
                    _memberId = "";
                    break;
                case GroupRequests.RebalanceInProgress:
                    break;
                case >= GroupRequests.CoordinatorLoadInProgress and <= GroupRequests.NotCoordinator:
                    await Task.Delay(Retry);
                    break;
                default:
                    throw new InvalidOperationException($"JoinGroup was answered with error {answer.Error}");
            }
        }
    }

    /// <summary>One generation, from the assignment to the next rebalance; false when stopped.</summary>
    private async Task<bool> StayAsync(GroupRequests.JoinAnswer joined, CancellationToken stop)
    {
        byte[] sync = GroupRequests.Sync(_group, joined.Generation, _memberId, joined.Leads ? joined.Members : [], Topic);
        if (IsOver(GroupRequests.ReadSync((await _connection.CallAsync(sync)).Span), "SyncGroup")) return true;
        _watch.Assigned(joined.Generation);
        byte[] heartbeat = GroupRequests.Heartbeat(_group, joined.Generation, _memberId);
        while (true)
        {
            await Task.Delay(_interval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested) return false;
            short error = GroupRequests.ReadError((await _connection.CallAsync(heartbeat)).Span);
            Interlocked.Increment(ref _heartbeats);
            if (IsOver(error, "Heartbeat")) return true;
        }
    }

    private bool IsOver(short error, string api)
    {
        if (error == GroupRequests.UnknownMemberId) _memberId = "";
        return error switch
        {
            0 => false,
            GroupRequests.RebalanceInProgress or GroupRequests.IllegalGeneration or GroupRequests.UnknownMemberId => true,
            _ => throw new InvalidOperationException($"{api} was answered with error {error}"),
        };
    }
}
