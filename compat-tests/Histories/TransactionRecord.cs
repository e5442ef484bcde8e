namespace KBroker.Compat.Tests.Histories;

/// <summary>What a producer tried in one transaction.</summary>
/// <param name="Producer">Who; its transactions are one after the other.</param>
/// <param name="Number">Which of this producer's; numbers rise.</param>
/// <param name="Writes">What it sent, in the order it sent it. Values are unique in a history.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="CommitAskedAt">When the producer asked for the commit, in nanoseconds; <see cref="Never"/> when it did not.</param>
internal sealed record TransactionRecord(
    string Producer, int Number, IReadOnlyList<(Place Place, string Value)> Writes, TransactionOutcome Outcome, long CommitAskedAt)
{
    /// <summary>After everything.</summary>
    public const long Never = long.MaxValue;

    /// <summary>Values of other transactions that it read before it committed, and on which its writes depend.</summary>
    public IReadOnlyList<string> Reads { get; init; } = [];

    public override string ToString() => $"transaction {Number} of {Producer}";
}
