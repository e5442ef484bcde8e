namespace KBroker.Compat.Tests.Transactions;

/// <summary>A transaction that a client is to run.</summary>
/// <param name="Commits">Whether it ends with a commit; otherwise it is aborted.</param>
/// <param name="Records">What it writes, in order.</param>
internal sealed record ClientTransaction(bool Commits, IReadOnlyList<(string Topic, int Partition, string Value)> Records)
{
    /// <summary>As the scripts take it.</summary>
    public object ToArguments() => new
    {
        end = Commits ? "commit" : "abort",
        records = Records.Select(record => new object[] { record.Topic, record.Partition, record.Value }),
    };
}
