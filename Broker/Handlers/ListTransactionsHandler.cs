using System.Text.RegularExpressions;
using KBroker.Broker.Connections;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// ListTransactions (key 66): the transactional ids that this broker coordinates (KIP-664).
/// </summary>
/// <remarks>
/// Versions 0-2, all flexible. v1: a filter by how long a transaction has been open (KIP-994). v2: a filter by a regular expression that
/// the whole id has to match (KIP-1152). States that there are not are named in the answer; of one alone nothing passes.
/// </remarks>
public sealed class ListTransactionsHandler : ApiHandler<ListTransactionsRequest>
{
    private const int LongestPattern = 1_000;

    private readonly TransactionCoordinator _transactions;
    private readonly TimeProvider _time;

    /// <param name="transactions">The transactional ids here.</param>
    /// <param name="time">The clock.</param>
    public ListTransactionsHandler(TransactionCoordinator transactions, TimeProvider time)
        : base(ApiKey.ListTransactions, ListTransactionsRequest.LowestVersion, ApiKeys.Get(ApiKey.ListTransactions).HighestStableVersion)
    {
        _transactions = transactions;
        _time = time;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, ListTransactionsRequest request) =>
        new(PendingResponse.From(AnswerAsync(request)));

    private async ValueTask<IApiMessage> AnswerAsync(ListTransactionsRequest request)
    {
        if (!TryParse(request.TransactionalIdPattern, out Regex? pattern)) return new ListTransactionsResponse { ErrorCode = ErrorCode.InvalidRegularExpression };
        var states = new HashSet<TransactionState>();
        var unknown = new List<string>();
        foreach (string name in request.StateFilters)
        {
            // A number is no name.
            if (Enum.TryParse(name, out TransactionState state) && state.ToString() == name) states.Add(state);
            else unknown.Add(name);
        }

        HashSet<long> producers = [.. request.ProducerIdFilters];
        long now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        (ErrorCode error, IReadOnlyList<TransactionMetadata> found) = await _transactions.ListAsync(transaction =>
            (request.StateFilters.Length == 0 || states.Contains(transaction.State))
            && (producers.Count == 0 || producers.Contains(transaction.Producer.Id))
            && (request.DurationFilter < 0 || now - transaction.StartTimestampMs > request.DurationFilter)
            && (pattern is null || pattern.IsMatch(transaction.TransactionalId))).ConfigureAwait(false);
        return new ListTransactionsResponse
        {
            ErrorCode = error,
            UnknownStateFilters = [.. unknown],
            TransactionStates =
            [
                .. found.Select(transaction => new ListTransactionsResponse.TransactionStateData
                {
                    TransactionalId = transaction.TransactionalId,
                    ProducerId = transaction.Producer.Id,
                    TransactionState = transaction.State.ToString(),
                }),
            ],
        };
    }

    private static bool TryParse(string? pattern, out Regex? regex)
    {
        regex = null;
        if (string.IsNullOrEmpty(pattern)) return true;
        if (pattern.Length > LongestPattern) return false;
        try
        {
            // By itself first: half an expression could make a whole one with what it is put between.
            _ = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            // Never slower than the length of the id, whatever a client sends.
            regex = new Regex($@"\A(?:{pattern})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return true;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return false;
        }
    }
}
