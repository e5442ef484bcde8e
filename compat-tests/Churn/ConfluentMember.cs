using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Confluent.Kafka;

namespace KBroker.Compat.Tests.Churn;

/// <summary>The program of a member in Confluent.Kafka: NAME BOOTSTRAP SETTINGS-AS-JSON. It tells on its output what it owns and reads.</summary>
internal sealed class ConfluentMember(string name, string bootstrap, MemberSettings settings)
{
    public static int Run(ReadOnlySpan<string> arguments)
    {
        new ConfluentMember(arguments[0], arguments[1], JsonSerializer.Deserialize<MemberSettings>(arguments[2])!).Work();
        return 0;
    }

    private void Work()
    {
        using var leave = new CancellationTokenSource();
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            leave.Cancel();
        });
        var config = new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = settings.Group,
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            PartitionAssignmentStrategy =
                settings.Strategy == "range" ? PartitionAssignmentStrategy.Range : PartitionAssignmentStrategy.CooperativeSticky,
            SessionTimeoutMs = settings.SessionMs,
            HeartbeatIntervalMs = settings.HeartbeatMs,
            ReconnectBackoffMs = 20,
            ReconnectBackoffMaxMs = 200,
        };
        using IConsumer<Ignore, Ignore> consumer = new ConsumerBuilder<Ignore, Ignore>(config)
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { })
            .SetPartitionsAssignedHandler((_, partitions) => Tell("assigned", partitions.Select(partition => partition.Partition)))
            .SetPartitionsRevokedHandler((_, partitions) => Tell("revoked", partitions.Select(partition => partition.Partition)))
            .SetPartitionsLostHandler((_, partitions) => Tell("lost", partitions.Select(partition => partition.Partition)))
            .Build();
        consumer.Subscribe(settings.Topic);
        while (!leave.IsCancellationRequested)
        {
            try
            {
                ConsumeResult<Ignore, Ignore>? result = consumer.Consume(TimeSpan.FromMilliseconds(100));
                if (result is null) continue;
                Tell("seen", string.Create(CultureInfo.InvariantCulture, $"{result.Partition.Value}:{result.Offset.Value}"));
                if (result.Offset.Value % 10 == 0) consumer.Commit();
            }
            catch (KafkaException)
            {
                // The partitions are somebody else's, or the broker is away: these records are read again.
            }
        }

        consumer.Close();
        Tell("ended", "");
    }

    private void Tell(string what, IEnumerable<Partition> partitions) =>
        Tell(what, string.Join(',', partitions.Select(partition => partition.Value.ToString(CultureInfo.InvariantCulture))));

    private void Tell(string what, string text) => Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {what} {Stopwatch.GetTimestamp()} {text}"));
}
