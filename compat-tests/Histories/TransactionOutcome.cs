namespace KBroker.Compat.Tests.Histories;

/// <summary>How a transaction ended, as far as its producer knows.</summary>
internal enum TransactionOutcome
{
    /// <summary>A commit was asked for and never answered, or answered with an error that leaves it open.</summary>
    Unknown,

    /// <summary>The commit was acknowledged.</summary>
    Committed,

    /// <summary>It was aborted, or its producer died without asking for a commit.</summary>
    Aborted,
}
