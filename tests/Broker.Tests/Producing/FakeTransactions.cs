using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Tests.Producing;

/// <summary>A coordinator of transactions that answers what the test wants, and may be made to wait.</summary>
internal sealed class FakeTransactions : ITransactionVerifier
{
    public List<(string TransactionalId, long ProducerId, short Epoch, TopicPartition[] Partitions, bool Add)> Asked { get; } = [];

    /// <summary>The answers to come, in order; the last one stays.</summary>
    public List<ErrorCode> Answers { get; } = [ErrorCode.None];

    /// <summary>Runs before an answer.</summary>
    public Func<Task> Before { get; set; } = () => Task.CompletedTask;

    public async Task<IReadOnlyList<ErrorCode>> VerifyAsync(
        string transactionalId, long producerId, short producerEpoch, IReadOnlyList<TopicPartition> partitions, bool add)
    {
        Asked.Add((transactionalId, producerId, producerEpoch, [.. partitions], add));
        await Before();
        ErrorCode answer = Answers[0];
        if (Answers.Count > 1) Answers.RemoveAt(0);
        return [.. partitions.Select(_ => answer)];
    }
}
