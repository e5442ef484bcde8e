using Confluent.Kafka;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Transactions;

/// <summary>Asks for the ends of partitions, as a tool that shows lag does, and writes down what it gets: last stable offsets and high watermarks.</summary>
internal sealed class StableOffsetSampler : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    public StableOffsetSampler(BrokerProcess broker, HistoryRecorder recorder, string topic, int partitions) =>
        _work = Task.Factory.StartNew(() => Work(broker, recorder, topic, partitions), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

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

    private void Work(BrokerProcess broker, HistoryRecorder recorder, string topic, int partitions)
    {
        using IConsumer<byte[]?, byte[]?> stable = Clients.Dotnet.NewCommittedConsumer(broker);
        using IConsumer<byte[]?, byte[]?> high = Clients.Dotnet.NewCommittedConsumer(broker, IsolationLevel.ReadUncommitted);
        while (!_stop.IsCancellationRequested)
        {
            for (int partition = 0; partition < partitions; partition++)
            {
                Ask(stable, recorder, "last stable offset", new(topic, partition));
                Ask(high, recorder, "high watermark", new(topic, partition));
            }

            _stop.Token.WaitHandle.WaitOne(5);
        }
    }

    private static void Ask(IConsumer<byte[]?, byte[]?> consumer, HistoryRecorder recorder, string what, TopicPartition partition)
    {
        try
        {
            long asked = HistoryRecorder.Now;
            WatermarkOffsets ends = consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(2));
            recorder.Sample(new($"{what} of {partition}", asked, HistoryRecorder.Now, ends.High));
            recorder.Sample(new($"start of {partition}, asked for with the {what}", asked, HistoryRecorder.Now, ends.Low));
        }
        catch (KafkaException)
        {
            // The broker is away.
        }
    }
}
