using KBroker.Broker.Coordinators.Transactions;
using KBroker.Broker.Partitions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Coordinators;

/// <summary>
/// One term of a coordinator on one partition of its topic: loads the machine from the log, then steps it with what comes in and
/// what is due. Everything happens on its loop.
/// </summary>
/// <typeparam name="TMachine">The state machine.</typeparam>
internal sealed partial class CoordinatorShard<TMachine> : IDisposable
    where TMachine : class, ICoordinatorMachine
{
    private readonly Partition _partition;
    private readonly CoordinatorLoader _loader;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SerialLoop _loop;
    private readonly PartitionCoordinatorLog _log;
    private readonly TMachine _machine;
    private readonly ITimer _timer;
    private readonly long _origin;
    private volatile ShardState _state = ShardState.Loading;
    private long? _armedFor;

    public CoordinatorShard(
        Partition partition,
        LeaderEpoch epoch,
        Func<CoordinatorTerm, TMachine> create,
        CoordinatorLoader loader,
        TimeSpan commitTimeout,
        TimeProvider time,
        ILogger logger)
    {
        _partition = partition;
        Epoch = epoch;
        _loader = loader;
        _time = time;
        _logger = logger;
        _origin = time.GetTimestamp();
        _loop = new SerialLoop(e => LogFault(_logger, _partition.TopicPartition.ToString(), e));
        _log = new PartitionCoordinatorLog(partition, epoch, time, commitTimeout, OnProgress);
        _machine = create(new CoordinatorTerm(_log, new CoordinatorTimers(), epoch, Post));
        // It has rung, be it before the deadline: its clock is a coarser one. So it has to be set again.
        _timer = time.CreateTimer(_ => Step(_ => _armedFor = null), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private enum ShardState
    {
        Loading,
        Active,
        Failed,
        Ended,
    }

    public Partition Partition => _partition;

    public LeaderEpoch Epoch { get; }

    /// <summary>Why a request is refused before it is looked at; None when the shard answers.</summary>
    public ErrorCode Refusal => _state switch
    {
        ShardState.Active => ErrorCode.None,
        ShardState.Loading => ErrorCode.CoordinatorLoadInProgress,
        _ => ErrorCode.NotCoordinator,
    };

    /// <summary>Begins to load, on another thread.</summary>
    public void Load() => _loop.PostLong(() =>
    {
        if (_state != ShardState.Loading) return;
        long started = _time.GetTimestamp();
        try
        {
            long records = _loader.Load(_partition.Log, _machine);
            _machine.Timers.AdvanceTo(NowMs);
            _machine.Start();
            _state = ShardState.Active;
            // What was committed while the load ran woke nobody.
            _log.Settle();
            if (records > 0) LogLoaded(_logger, _partition.TopicPartition.ToString(), records, _time.GetElapsedTime(started).TotalMilliseconds);
            Rearm();
        }
        // Also a bug: clients are sent away instead of being told for ever that it loads.
        catch (Exception e) when (_state == ShardState.Loading)
        {
            _state = ShardState.Failed;
            LogLoadFailed(_logger, _partition.TopicPartition.ToString(), e);
        }
    });

    /// <summary>Steps the machine.</summary>
    /// <param name="work">What to do with it.</param>
    /// <param name="refused">Called instead when the shard does not answer, or the work threw.</param>
    public void Run(Action<TMachine> work, Action<ErrorCode> refused)
    {
        // Not behind the load in the queue: a client is told at once.
        if (Refusal is not ErrorCode.None and ErrorCode refusal) refused(refusal);
        else Enqueue(work, refused);
    }

    /// <summary>
    /// Steps the machine with what takes long and must not be missed: never on the caller's thread, and once it is loaded if it loads.
    /// </summary>
    public void RunLong(Action<TMachine> work) => _loop.PostLong(() => Step(work, static _ => { }));

    /// <summary>
    /// Writes the marker that ends a transaction's part in this partition, and has the machine take it over, in the order of the log.
    /// </summary>
    /// <param name="end">The end of the transaction.</param>
    /// <param name="done">Called once the marker is committed, or with why it is not: a shard that loads takes none.</param>
    public void CompleteTransaction(TransactionEnd end, Action<ErrorCode> done) => Run(
        machine =>
        {
            ErrorCode error = _log.AppendMarker(end);
            if (error != ErrorCode.None)
            {
                done(error);
                return;
            }

            machine.ReplayEnd(end.ProducerId, end.Commit);
            _log.WhenCommitted(done);
        },
        done);

    /// <summary>Ends the term: who waits is told the error.</summary>
    public void End(ErrorCode error) => _loop.Post(() =>
    {
        if (_state == ShardState.Ended) return;
        _state = ShardState.Ended;
        _machine.End(error);
        _log.End(error);
        Dispose();
    });

    public void Dispose()
    {
        _timer.Dispose();
        _log.Dispose();
    }

    private long NowMs => (long)_time.GetElapsedTime(_origin).TotalMilliseconds;

    private void Step(Action<TMachine> work) => Run(work, static _ => { });

    /// <summary>
    /// What waits may be committed. Who brings that is a replica's fetch or the thread that flushes everybody's logs: it has other work
    /// than the machine's.
    /// </summary>
    private void OnProgress()
    {
        if (Refusal == ErrorCode.None) _loop.PostLong(() => Step(static _ => { }, static _ => { }));
    }

    /// <summary>What the machine asked for has come: it may be during the load, which it then waits for.</summary>
    private void Post(Action work) => Enqueue(_ => work(), static _ => { });

    private void Enqueue(Action<TMachine> work, Action<ErrorCode> refused) => _loop.Post(() => Step(work, refused));

    private void Step(Action<TMachine> work, Action<ErrorCode> refused)
    {
        if (Refusal is not ErrorCode.None and ErrorCode late)
        {
            refused(late);
            return;
        }

        try
        {
            _machine.Timers.RunDue(NowMs);
            work(_machine);
            _log.Settle();
        }
        catch
        {
            refused(ErrorCode.UnknownServerError);
            throw;
        }
        finally
        {
            Rearm();
        }
    }

    /// <summary>Sets the one timer to the machine's next deadline, or that of the oldest commit.</summary>
    private void Rearm()
    {
        long? next = _machine.Timers.NextMs;
        if (_log.GiveUpAt is { } giveUp)
        {
            long at = (long)_time.GetElapsedTime(_origin, giveUp).TotalMilliseconds + 1;
            next = next is null ? at : Math.Min(next.Value, at);
        }

        if (next == _armedFor && next > NowMs) return;
        _armedFor = next;
        // One millisecond more: the clock of the timer may be a little ahead of the other one.
        TimeSpan due = next is null ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Max(next.Value - NowMs, 0) + 1);
        _timer.Change(due, Timeout.InfiniteTimeSpan);
    }

    [LoggerMessage(3111, LogLevel.Error, "{Partition}: a bug in its coordinator")]
    private static partial void LogFault(ILogger logger, string partition, Exception fault);

    [LoggerMessage(3112, LogLevel.Information, "{Partition}: {Records} records loaded in {Milliseconds:F0} ms")]
    private static partial void LogLoaded(ILogger logger, string partition, long records, double milliseconds);

    [LoggerMessage(3113, LogLevel.Error, "{Partition} cannot be loaded; its groups are not served")]
    private static partial void LogLoadFailed(ILogger logger, string partition, Exception failure);
}
