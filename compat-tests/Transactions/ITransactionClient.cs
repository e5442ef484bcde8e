using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Transactions;

/// <summary>A client that writes in transactions and reads with either isolation level.</summary>
internal interface ITransactionClient
{
    /// <summary>One producer of a transactional id runs transactions, one after the other.</summary>
    Task TransactAsync(BrokerProcess broker, string id, IReadOnlyList<ClientTransaction> transactions);

    /// <summary>The values of a topic from its beginning to its end.</summary>
    /// <param name="broker">The broker.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="isolation"><c>read_committed</c> or <c>read_uncommitted</c>.</param>
    Task<List<string>> ReadAsync(BrokerProcess broker, string topic, string isolation);
}
