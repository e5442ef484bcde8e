using System.Globalization;
using System.Text;
using Confluent.Kafka;
using KBroker.Compat.Tests.Harness;
using KBroker.Compat.Tests.Histories;

namespace KBroker.Compat.Tests.Transactions;

/// <summary>
/// A transactional producer of Confluent.Kafka that sends numbered records over all partitions of a topic; it commits most transactions,
/// aborts some, and leaves some open to come back as a new producer of the same id. What the broker's deaths make of them it finds out.
/// </summary>
internal sealed class TransactionalWriter : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly BrokerProcess _broker;
    private readonly HistoryRecorder _recorder;
    private readonly string _id;
    private readonly string _topic;
    private readonly int _partitions;
    private readonly Random _random;
    private readonly TimeSpan _pause;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private int _number;
    private int _value;

    public TransactionalWriter(BrokerProcess broker, HistoryRecorder recorder, string id, string topic, int partitions, int seed, TimeSpan pause)
    {
        _broker = broker;
        _recorder = recorder;
        _id = id;
        _topic = topic;
        _partitions = partitions;
        _random = new Random(seed);
        _pause = pause;
        _work = Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Ends with the transaction under way; throws what stopped it before.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _work.WaitAsync(Deadline.Default);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _ = _work.ContinueWith(_ => _stop.Dispose(), TaskScheduler.Default);
    }

    /// <summary>A producer of Confluent.Kafka with a transactional id, which owns that id when this returns.</summary>
    public static IProducer<byte[]?, byte[]?> NewProducer(BrokerProcess broker, string id, int timeoutMs = 60_000)
    {
        var config = new ProducerConfig
        {
            BootstrapServers = broker.Bootstrap,
            TransactionalId = id,
            TransactionTimeoutMs = timeoutMs,
            LingerMs = 0,
            ReconnectBackoffMs = 10,
            ReconnectBackoffMaxMs = 100,
            RetryBackoffMs = 20,
        };
        IProducer<byte[]?, byte[]?> producer = new ProducerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        Repeat(() => producer.InitTransactions(Limit));
        return producer;
    }

    /// <summary>Does again what the client says may be done again.</summary>
    public static void Repeat(Action call)
    {
        using var over = new CancellationTokenSource(Limit);
        while (true)
        {
            try
            {
                call();
                return;
            }
            catch (KafkaRetriableException) when (!over.IsCancellationRequested)
            {
                // As the client wishes.
            }
        }
    }

    private void Work()
    {
        IProducer<byte[]?, byte[]?> producer = NewProducer(_broker, _id);
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                if (!TryTransaction(producer))
                {
                    producer.Dispose();
                    producer = NewProducer(_broker, _id);
                }

                _stop.Token.WaitHandle.WaitOne(_pause);
            }
        }
        finally
        {
            producer.Dispose();
        }
    }

    /// <summary>One transaction; false when this producer is of no more use.</summary>
    private bool TryTransaction(IProducer<byte[]?, byte[]?> producer)
    {
        int number = ++_number;
        (Place Place, string Value)[] writes = [.. Enumerable.Range(0, _random.Next(1, 9)).Select(_ =>
            (new Place(_topic, _random.Next(_partitions)), string.Create(CultureInfo.InvariantCulture, $"{_id}-{_value++}")))];
        // Most are committed, one in eight is aborted, one in sixteen is left open by its producer.
        int fate = _random.Next(16);
        _recorder.Begin(_id, number, writes);
        try
        {
            producer.BeginTransaction();
            foreach ((Place place, string value) in writes)
                producer.Produce(new TopicPartition(place.Topic, place.Partition), new() { Value = Encoding.ASCII.GetBytes(value) });
            if (fate == 0)
            {
                producer.Flush(Limit);
                return false;
            }

            if (fate is 1 or 2)
            {
                producer.Flush(Limit);
                Repeat(() => producer.AbortTransaction(Limit));
                return true;
            }

            _recorder.Committing(_id, number, HistoryRecorder.Now);
            Repeat(() => producer.CommitTransaction(Limit));
            _recorder.End(_id, number, TransactionOutcome.Committed);
            return true;
        }
        catch (KafkaTxnRequiresAbortException)
        {
            return TryAbort(producer, number);
        }
        catch (KafkaException)
        {
            return false;
        }
    }

    private bool TryAbort(IProducer<byte[]?, byte[]?> producer, int number)
    {
        try
        {
            Repeat(() => producer.AbortTransaction(Limit));
            _recorder.End(_id, number, TransactionOutcome.Aborted);
            return true;
        }
        catch (KafkaException)
        {
            return false;
        }
    }
}
