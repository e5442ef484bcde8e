using System.Globalization;
using KBroker.Benchmarks.Load.Wire;

namespace KBroker.Benchmarks.Load.Traffic;

/// <summary>
/// A member of a group of the consumer protocol (KIP-848) on a connection of its own: joins, sends heartbeats as often as it is told,
/// and, as soon as it is told other partitions than it has, takes them or lets them go and says so.
/// </summary>
internal sealed class ConsumerMember : IDisposable
{
    private readonly AsyncConnection _connection;
    private readonly CancellationTokenSource _stop = new();
    private readonly string _group;
    private readonly string _topic;
    private readonly string _memberId;
    private readonly int _number;
    private readonly OwnershipWatch _watch;
    private Task _run = Task.CompletedTask;
    private long _heartbeats;

    public ConsumerMember(int port, string group, string topic, int number, OwnershipWatch watch)
    {
        _connection = new AsyncConnection(port);
        (_group, _topic, _number, _watch) = (group, topic, number, watch);
        _memberId = string.Create(CultureInfo.InvariantCulture, $"{group}-member-{number}");
    }

    public long Heartbeats => Volatile.Read(ref _heartbeats);

    /// <summary>How often the member was told other partitions.</summary>
    public int Changes { get; private set; }

    /// <summary>Joins, and stays until the member leaves.</summary>
    public void Start() => _run = RunAsync();

    public async Task LeaveAsync()
    {
        await _stop.CancelAsync();
        await _run;
        Check(ConsumerHeartbeats.Read((await _connection.CallAsync(ConsumerHeartbeats.Leave(_group, _memberId))).Span));
    }

    public void Dispose()
    {
        _connection.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            _watch.Joining();
            ConsumerHeartbeats.Answer answer = await CallAsync(ConsumerHeartbeats.Join(_group, _memberId, _topic));
            (int epoch, byte[] live) = (-1, []);
            while (true)
            {
                if (answer.Partitions is { } told)
                {
                    Changes++;
                    _watch.Owns(_number, told);
                    answer = await CallAsync(ConsumerHeartbeats.Own(_group, _memberId, answer.Epoch, answer.Topic, told));
                    continue;
                }

                await Task.Delay(answer.IntervalMs, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (_stop.IsCancellationRequested) return;
                if (answer.Epoch != epoch) (epoch, live) = (answer.Epoch, ConsumerHeartbeats.Live(_group, _memberId, answer.Epoch));
                answer = await CallAsync(live);
            }
        }
        catch (Exception e)
        {
            _watch.Failed(e);
        }
    }

    private async Task<ConsumerHeartbeats.Answer> CallAsync(byte[] frame)
    {
        ConsumerHeartbeats.Answer answer = ConsumerHeartbeats.Read((await _connection.CallAsync(frame)).Span);
        Interlocked.Increment(ref _heartbeats);
        return Check(answer);
    }

    private static ConsumerHeartbeats.Answer Check(ConsumerHeartbeats.Answer answer) =>
        answer.Error == 0 ? answer : throw new InvalidOperationException($"ConsumerGroupHeartbeat was answered with error {answer.Error}");
}
