using KBroker.Benchmarks.Load.Wire;

namespace KBroker.Benchmarks.Load.Traffic;

/// <summary>How a producer groups what it sends.</summary>
internal enum TransactionProtocol
{
    /// <summary>Not at all: the same batches of an idempotent producer, acknowledged before the next ones go.</summary>
    None,

    /// <summary>A partition is added before the first batch goes to it.</summary>
    Classic,

    /// <summary>KIP-890: the first batch adds its partition, and the end raises the epoch.</summary>
    V2,
}

/// <summary>
/// A producer that writes transactions of a few batches to one partition, one transaction after another, as clients do: with at most
/// five requests in flight, on a connection to the partition's leader and one to its coordinator.
/// </summary>
internal sealed class TransactionalProducer : IDisposable
{
    private const int InFlight = 5;
    private const int MostTries = 500;

    // What clients wait when a partition is to be added while the transaction before is not quite over: Kafka's own producer and librdkafka.
    private static readonly TimeSpan Backoff = TimeSpan.FromMilliseconds(20);

    private readonly Connection _leader;
    private readonly Connection _coordinator;
    private readonly string _id;
    private readonly string _topic;
    private readonly TransactionProtocol _protocol;
    private readonly (byte[] Frame, int BatchSize, int Records)[] _sends;
    private readonly ManualResetEventSlim _never = new();
    private ProducerIdentity _producer;
    private int _sequence;

    public TransactionalProducer(int port, string id, string topic, TransactionProtocol protocol, IEnumerable<(byte[] Batch, int Records)> batches)
    {
        (_id, _topic, _protocol) = (id, topic, protocol);
        (_leader, _coordinator) = (new Connection(port), new Connection(port));
        _sends = [.. batches.Select(one => (Frame(one.Batch), one.Batch.Length, one.Records))];
        for (int tries = 1; ; tries++)
        {
            var reader = new ReplyReader(_coordinator.Call(TransactionRequests.Init(protocol == TransactionProtocol.None ? null : id)));
            reader.Int32();
            short error = reader.Int16();
            _producer = new ProducerIdentity(reader.Int64(), reader.Int16());
            if (error == 0) return;
            if (error is < GroupRequests.CoordinatorLoadInProgress or > GroupRequests.NotCoordinator || tries == MostTries)
                throw new InvalidOperationException($"InitProducerId was answered with error {error}");
            Wait();
        }
    }

    /// <summary>How often the transaction before was not over yet.</summary>
    public long Retries { get; private set; }

    /// <summary>Writes and commits transactions.</summary>
    public void Run(int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (_protocol == TransactionProtocol.Classic) Add();
            Produce();
            if (_protocol != TransactionProtocol.None) Commit();
        }
    }

    public void Dispose()
    {
        _leader.Dispose();
        _coordinator.Dispose();
        _never.Dispose();
    }

    private byte[] Frame(byte[] batch) => _protocol switch
    {
        TransactionProtocol.V2 => TransactionRequests.ProduceV2(_id, _topic, 0, batch),
        TransactionProtocol.Classic => TransactionRequests.Produce(_id, _topic, 0, batch),
        _ => TransactionRequests.Produce(null, _topic, 0, batch),
    };

    private void Add()
    {
        byte[] frame = TransactionRequests.AddPartition(_id, _producer, _topic, 0);
        Repeat("AddPartitionsToTxn", () => TransactionRequests.ReadAddPartition(_coordinator.Call(frame)));
    }

    private void Produce()
    {
        int sent = 0;
        for (int answered = 0; answered < _sends.Length; answered++)
        {
            // The first batch goes alone: what it adds decides whether the others may follow.
            int most = _protocol == TransactionProtocol.V2 && answered == 0 ? 1 : InFlight;
            while (sent < _sends.Length && sent - answered < most) Send(sent++);
            short error = Error(_leader.Receive());
            if (error == TransactionRequests.ConcurrentTransactions && answered == 0 && sent == 1)
            {
                Repeat("Produce", () =>
                {
                    _leader.Send(_sends[0].Frame);
                    return Error(_leader.Receive());
                });
            }
            else if (error != 0)
            {
                throw new InvalidOperationException($"Produce was answered with error {error}");
            }
        }
    }

    private void Send(int number)
    {
        (byte[] frame, int size, int records) = _sends[number];
        Span<byte> batch = _protocol == TransactionProtocol.V2 ? TransactionRequests.BatchOfV2(frame, size) : frame.AsSpan(^size..);
        _producer.Stamp(batch, _sequence, isTransactional: _protocol != TransactionProtocol.None);
        _sequence += records;
        _leader.Send(frame);
    }

    private short Error(ReadOnlySpan<byte> reply)
    {
        if (_protocol == TransactionProtocol.V2) return TransactionRequests.ReadProduceV2(reply, _topic.Length);
        ProduceStream.Check(reply, _topic.Length);
        return 0;
    }

    private void Commit()
    {
        if (_protocol == TransactionProtocol.Classic)
        {
            byte[] frame = TransactionRequests.Commit(_id, _producer);
            Repeat("EndTxn", () => GroupRequests.ReadError(_coordinator.Call(frame)));
            return;
        }

        byte[] second = TransactionRequests.CommitV2(_id, _producer);
        ProducerIdentity next = _producer;
        Repeat("EndTxn", () =>
        {
            (short error, next) = TransactionRequests.ReadCommitV2(_coordinator.Call(second));
            return error;
        });
        if (next != _producer) (_producer, _sequence) = (next, 0);
    }

    private void Repeat(string api, Func<short> call)
    {
        int tries = 0;
        while (call() is var error && error != 0)
        {
            if (error != TransactionRequests.ConcurrentTransactions || ++tries == MostTries) throw new InvalidOperationException($"{api} was answered with error {error}");
            Retries++;
            Wait();
        }
    }

    private void Wait() => _never.Wait(Backoff);
}
