using KBroker.Broker.Coordinators.Transactions;
using KBroker.Broker.Metadata;

namespace KBroker.Broker.Configuration;

/// <summary>What applies to transactions and their topic.</summary>
/// <param name="Transactions">The bounds of transactions.</param>
/// <param name="StateTopic">How <c>__transaction_state</c> is made.</param>
public sealed record TransactionSettings(TransactionConfig Transactions, InternalTopicSpec StateTopic);
