using KBroker.Protocol;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>What a request to a transactional id comes to.</summary>
/// <param name="Error">Why it is refused; None if it is not.</param>
/// <param name="Next">What the id becomes; null leaves it as it is.</param>
internal readonly record struct TransactionDecision(ErrorCode Error, TransactionMetadata? Next)
{
    /// <summary>It is done already.</summary>
    public static TransactionDecision Done => new(ErrorCode.None, null);

    /// <summary>Refuses.</summary>
    public static implicit operator TransactionDecision(ErrorCode error) => new(error, null);

    /// <summary>Goes on to what the id becomes.</summary>
    public static implicit operator TransactionDecision(TransactionMetadata next) => new(ErrorCode.None, next);
}
