using KBroker.Protocol;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>
/// The way of one decided transaction to its end: the decision is committed, the partitions are told until each has confirmed, then the
/// completion is written. Belongs to the shard's loop, and to one decision: what comes after it is cancelled changes nothing.
/// </summary>
/// <remarks>
/// A partition is told again if the answer does not come, and a coordinator that takes over tells all of them: a marker that is there
/// already is confirmed and not written twice.
/// </remarks>
internal sealed partial class TransactionCompletion
{
    private const int FirstBackoffMs = 20;
    private const int LongestBackoffMs = 1_000;
    private const int AnswerTimeoutMs = 30_000;
    private const int RefusalsBeforeWarning = 10;

    // Each partition is an append: many of them are not done on the loop, whose thread is that of a connection.
    private const int MaxOnLoop = 64;

    private readonly CoordinatorTerm _term;
    private readonly TransactionServices _services;
    private readonly TransactionMetadata _decided;
    private readonly Func<ErrorCode> _complete;
    private readonly HashSet<TopicPartition> _left;
    private readonly CoordinatorTimer _timer;
    private Action _next;
    private int _attempt;
    private int _backoffMs = FirstBackoffMs;
    private bool _isOver;

    // Markers are being appended outside of the loop. Until that has ended none is sent again and nothing is completed: one of the first
    // protocol that came later would end the producer's next transaction.
    private bool _isWriting;

    /// <param name="term">The shard's term.</param>
    /// <param name="services">The world.</param>
    /// <param name="decided">The decision, which is in the log.</param>
    /// <param name="complete">Writes the completion; with an error it is tried again.</param>
    public TransactionCompletion(CoordinatorTerm term, TransactionServices services, TransactionMetadata decided, Func<ErrorCode> complete)
    {
        _term = term;
        _services = services;
        _decided = decided;
        _complete = complete;
        _left = [.. decided.Partitions];
        _next = AwaitDecision;
        _timer = new CoordinatorTimer(term.Timers, () => _next());
    }

    /// <summary>Tells the partitions, as soon as the decision is committed.</summary>
    public void Start() => AwaitDecision();

    /// <summary>Stops: the term is over, and another coordinator goes on.</summary>
    public void Cancel()
    {
        _isOver = true;
        _timer.Cancel();
    }

    private void AwaitDecision() => _term.Log.WhenCommitted(error =>
    {
        if (_isOver) return;
        if (error == ErrorCode.None) Tell();
        else RetryWith(AwaitDecision);
    });

    private void Tell()
    {
        if (_isWriting)
        {
            RetryWith(Tell);
            return;
        }

        _left.RemoveWhere(partition => !_services.Exists(partition));
        if (_left.Count == 0)
        {
            Finish();
            return;
        }

        int attempt = ++_attempt;
        TopicPartition[] asked = [.. _left];
        _next = Tell;
        _timer.Start(AnswerTimeoutMs);
        if (asked.Length <= MaxOnLoop)
        {
            Write(attempt, asked);
            return;
        }

        _isWriting = true;
        _services.RunLong(() =>
        {
            try
            {
                Write(attempt, asked);
            }
            finally
            {
                _term.Post(OnWritten);
            }
        });
    }

    private void Write(int attempt, TopicPartition[] asked) => _services.Markers.Write(
        new TransactionEnd(
            _decided.Producer.Id,
            _decided.Producer.Epoch,
            _decided.State == TransactionState.PrepareCommit,
            _term.Epoch.Value,
            asked,
            _decided.ClientTransactionVersion),
        errors => _term.Post(() => OnTold(attempt, asked, errors)));

    private void OnWritten()
    {
        _isWriting = false;
        if (!_isOver && _next != Finish && _left.Count == 0) Finish();
    }

    private void OnTold(int attempt, TopicPartition[] asked, IReadOnlyList<ErrorCode> errors)
    {
        // A confirmation that comes late is one all the same, as long as it is this decision's.
        if (_isOver || _next == Finish) return;
        ErrorCode refusal = ErrorCode.None;
        for (int i = 0; i < asked.Length; i++)
        {
            if (errors[i] == ErrorCode.None) _left.Remove(asked[i]);
            else if (_left.Contains(asked[i])) refusal = errors[i];
        }

        if (_left.Count == 0)
        {
            // Else the end of the writing finishes it.
            if (!_isWriting) Finish();
        }
        else if (attempt == _attempt) RetryTelling(refusal);
    }

    private void RetryTelling(ErrorCode refusal)
    {
        if (_attempt % RefusalsBeforeWarning == 0)
            LogRefused(_services.Logger, _decided.TransactionalId, _decided.Producer.Id, _attempt, _left.Count, _left.First().ToString(), refusal.Name());
        RetryWith(Tell);
    }

    private void Finish()
    {
        _next = Finish;
        if (_complete() == ErrorCode.None) Cancel();
        else RetryWith(Finish);
    }

    private void RetryWith(Action next)
    {
        _next = next;
        _timer.Start(_backoffMs);
        _backoffMs = Math.Min(2 * _backoffMs, LongestBackoffMs);
    }

    [LoggerMessage(3131, LogLevel.Warning, "The end of the transaction of {TransactionalId}, producer {ProducerId}, has not reached {Count} of its partitions after {Attempts} attempts; {Partition}: {Error}")]
    private static partial void LogRefused(ILogger logger, string transactionalId, long producerId, int attempts, int count, string partition, string error);
}
