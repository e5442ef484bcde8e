using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>
/// The transactional ids that this broker coordinates, for handlers: finds the shard of an id, has it do the work and gives the answer,
/// or says that another broker is asked, or that this one still loads.
/// </summary>
public sealed class TransactionCoordinator : ITransactionVerifier, IDisposable
{
    private readonly CoordinatorRuntime<TransactionShard> _runtime;
    private readonly ProducerIds _ids;
    private readonly Func<TransactionConfig> _config;

    internal TransactionCoordinator(CoordinatorRuntime<TransactionShard> runtime, ProducerIds ids, Func<TransactionConfig> config)
    {
        _runtime = runtime;
        _ids = ids;
        _config = config;
    }

    /// <summary>InitProducerId.</summary>
    /// <param name="transactionalId">The id; null for a producer that is only idempotent, which gets a new producer id whatever it has had.</param>
    /// <param name="timeoutMs">How long its transactions may be open.</param>
    /// <param name="expected">What the producer has had, if it goes on after an error (KIP-360).</param>
    /// <returns>The producer, or an error: PRODUCER_FENCED, CONCURRENT_TRANSACTIONS, INVALID_TRANSACTION_TIMEOUT and others.</returns>
    public async Task<(ErrorCode Error, ProducerIdentity Producer)> InitializeProducerAsync(string? transactionalId, int timeoutMs, ProducerIdentity? expected)
    {
        if (transactionalId is null)
        {
            return await _ids.TakeAsync().ConfigureAwait(false) is { } id
                ? (ErrorCode.None, new ProducerIdentity(id, 0))
                : (ErrorCode.CoordinatorLoadInProgress, ProducerIdentity.None);
        }

        if (!IsValid(transactionalId)) return (ErrorCode.InvalidRequest, ProducerIdentity.None);
        if (timeoutMs <= 0 || timeoutMs > _config().MaxTimeoutMs) return (ErrorCode.InvalidTransactionTimeout, ProducerIdentity.None);
        // The shard cannot wait for an id. One that needs none is served although the store is not to be had.
        await _ids.EnsureAsync().ConfigureAwait(false);
        return await Ask<(ErrorCode, ProducerIdentity)>(
            transactionalId,
            (shard, reply) => shard.InitializeProducer(transactionalId, timeoutMs, expected, (error, producer) => reply((error, producer))),
            error => (error, ProducerIdentity.None)).ConfigureAwait(false);
    }

    /// <summary>AddPartitionsToTxn and AddOffsetsToTxn. See <see cref="TransactionShard.AddPartitions"/>.</summary>
    public Task<ErrorCode> AddPartitionsAsync(
        string transactionalId, ProducerIdentity producer, IReadOnlyCollection<TopicPartition> partitions, short transactionVersion) => !IsValid(transactionalId)
        ? Task.FromResult(ErrorCode.InvalidRequest)
        : Ask<ErrorCode>(
            transactionalId, (shard, reply) => shard.AddPartitions(transactionalId, producer, partitions, transactionVersion, reply), static error => error);

    /// <summary>Whether partitions are in a producer's open transaction. See <see cref="TransactionShard.Verify"/>.</summary>
    /// <returns>One error for each partition, in their order.</returns>
    public Task<ErrorCode[]> CheckPartitionsAsync(string transactionalId, ProducerIdentity producer, IReadOnlyList<TopicPartition> partitions)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        return !IsValid(transactionalId)
            ? Task.FromResult(Same(ErrorCode.InvalidRequest, partitions.Count))
            : Ask<ErrorCode[]>(
                transactionalId, (shard, reply) => shard.Verify(transactionalId, producer, partitions, reply), error => Same(error, partitions.Count));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ErrorCode>> VerifyAsync(
        string transactionalId, long producerId, short producerEpoch, IReadOnlyList<TopicPartition> partitions, bool add)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var producer = new ProducerIdentity(producerId, producerEpoch);
        ErrorCode[] errors = add
            ? Same(await AddPartitionsAsync(transactionalId, producer, partitions, TransactionProtocol.Second).ConfigureAwait(false), partitions.Count)
            : await CheckPartitionsAsync(transactionalId, producer, partitions).ConfigureAwait(false);
        for (int i = 0; i < errors.Length; i++) errors[i] = ForProduce(errors[i], add);
        return errors;
    }

    /// <summary>EndTxn. See <see cref="TransactionShard.EndTransaction"/>.</summary>
    /// <returns>What the producer goes on with, or an error.</returns>
    public Task<(ErrorCode Error, ProducerIdentity Producer)> EndTransactionAsync(
        string transactionalId, ProducerIdentity producer, bool commit, short transactionVersion) => !IsValid(transactionalId)
        ? Task.FromResult((ErrorCode.InvalidRequest, ProducerIdentity.None))
        : Ask<(ErrorCode, ProducerIdentity)>(
            transactionalId,
            (shard, reply) => shard.EndTransaction(transactionalId, producer, commit, transactionVersion, (error, after) => reply((error, after))),
            error => (error, ProducerIdentity.None));

    /// <summary>DescribeTransactions, for one id: TRANSACTIONAL_ID_NOT_FOUND for one that is not known.</summary>
    public Task<(ErrorCode Error, TransactionMetadata? Transaction)> DescribeAsync(string transactionalId) => !IsValid(transactionalId)
        ? Task.FromResult((ErrorCode.InvalidRequest, (TransactionMetadata?)null))
        : Ask<(ErrorCode, TransactionMetadata?)>(
            transactionalId,
            (shard, reply) => reply(shard.TryGet(transactionalId, out TransactionMetadata? known) ? (ErrorCode.None, known) : (ErrorCode.TransactionalIdNotFound, null)),
            error => (error, null));

    /// <summary>ListTransactions: what all shards here hold; COORDINATOR_LOAD_IN_PROGRESS instead while one loads.</summary>
    public async Task<(ErrorCode Error, IReadOnlyList<TransactionMetadata> Transactions)> ListAsync(Func<TransactionMetadata, bool> passes)
    {
        var asked = new List<Task<(ErrorCode Error, List<TransactionMetadata> Transactions)>>();
        foreach (CoordinatorShard<TransactionShard> shard in _runtime.Shards)
        {
            var answer = new TaskCompletionSource<(ErrorCode, List<TransactionMetadata>)>(TaskCreationOptions.RunContinuationsAsynchronously);
            shard.Run(
                machine => answer.TrySetResult((ErrorCode.None, [.. machine.Transactions.Where(passes)])),
                error => answer.TrySetResult((error, [])));
            asked.Add(answer.Task);
        }

        (ErrorCode Error, List<TransactionMetadata> Transactions)[] answers = await Task.WhenAll(asked).ConfigureAwait(false);
        // A shard that moved away meanwhile is another broker's to tell.
        return answers.Any(answer => answer.Error == ErrorCode.CoordinatorLoadInProgress)
            ? (ErrorCode.CoordinatorLoadInProgress, [])
            : (ErrorCode.None, [.. answers.SelectMany(answer => answer.Transactions)]);
    }

    /// <inheritdoc/>
    public void Dispose() => _runtime.Dispose();

    /// <summary>A coordinator's answer in the terms of a Produce response, as producers of all versions understand it.</summary>
    internal static ErrorCode ForProduce(ErrorCode error, bool add) => error switch
    {
        ErrorCode.ProducerFenced => ErrorCode.InvalidProducerEpoch,
        // Producers ask again at once, and do not look for another leader.
        ErrorCode.CoordinatorLoadInProgress or ErrorCode.CoordinatorNotAvailable or ErrorCode.NotCoordinator => ErrorCode.NotEnoughReplicas,
        ErrorCode.ConcurrentTransactions when !add => ErrorCode.NotEnoughReplicas,
        // The transaction is too large: it can be aborted, and its producer goes on.
        ErrorCode.PolicyViolation => ErrorCode.TransactionAbortable,
        _ => error,
    };

    private static bool IsValid(string transactionalId) => transactionalId.Length > 0 && CoordinatorRecord.FitsString(transactionalId);

    private static ErrorCode[] Same(ErrorCode error, int count)
    {
        var errors = new ErrorCode[count];
        Array.Fill(errors, error);
        return errors;
    }

    private Task<TAnswer> Ask<TAnswer>(string transactionalId, Action<TransactionShard, Action<TAnswer>> work, Func<ErrorCode, TAnswer> refused)
    {
        var answer = new TaskCompletionSource<TAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _runtime.Run(
            transactionalId,
            shard => work(shard, response => answer.TrySetResult(response)),
            error => answer.TrySetResult(refused(error)));
        return answer.Task;
    }
}
