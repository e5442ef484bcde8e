using System.Text;
using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Transactions;

/// <summary>A read_committed consumer of Confluent.Kafka that reads topics from their beginning on and writes down what it sees and when.</summary>
internal sealed class CommittedObserver : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    public CommittedObserver(BrokerProcess broker, HistoryRecorder recorder, string session, params (string Topic, int Partitions)[] topics) =>
        _work = Task.Factory.StartNew(() => Work(broker, recorder, session, topics), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

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

    private void Work(BrokerProcess broker, HistoryRecorder recorder, string session, (string Topic, int Partitions)[] topics)
    {
        using IConsumer<byte[]?, byte[]?> consumer = Dotnet.NewCommittedConsumer(broker);
        consumer.Assign(topics.SelectMany(topic =>
            Enumerable.Range(0, topic.Partitions).Select(partition => new TopicPartitionOffset(topic.Topic, partition, Offset.Beginning))));
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                ConsumeResult<byte[]?, byte[]?>? result = consumer.Consume(TimeSpan.FromMilliseconds(50));
                if (result is null) continue;
                recorder.See(new(session, HistoryRecorder.Now, new(result.Topic, result.Partition), result.Offset, Encoding.UTF8.GetString(result.Message.Value!)));
            }
            catch (KafkaException)
            {
                // The broker is away; the consumer goes on by itself.
            }
        }

        consumer.Close();
    }

}
