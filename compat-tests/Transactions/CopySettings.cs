namespace KBroker.Compat.Tests.Transactions;

/// <summary>What all processes of a copying job have in common.</summary>
/// <param name="Input">The topic that is read.</param>
/// <param name="Output">The topic of as many partitions that is written.</param>
/// <param name="Audit">The topic that gets one record a transaction.</param>
/// <param name="Audits">Its partitions.</param>
/// <param name="Group">The group that reads.</param>
/// <param name="Batch">The most records a transaction takes from the input.</param>
/// <param name="SessionMs">The session timeout, in milliseconds.</param>
/// <param name="TransactionMs">The transaction timeout, in milliseconds.</param>
internal sealed record CopySettings(
    string Input, string Output, string Audit, int Audits, string Group, int Batch, int SessionMs, int TransactionMs)
{
    /// <summary>As the script takes it.</summary>
    public object ToArguments(string name, string id) => new
    {
        name,
        id,
        input = Input,
        output = Output,
        audit = Audit,
        audits = Audits,
        group = Group,
        batch = Batch,
        session = SessionMs,
        heartbeat = SessionMs / 10,
        timeout = TransactionMs,
        settings = new Dictionary<string, object> { ["group.instance.id"] = id, ["partition.assignment.strategy"] = "range" },
    };
}
