using KBroker.Broker.Configuration;
using KBroker.Broker.Hosting;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;
using KBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace KBroker.Fuzz.Tests.Parsers;

/// <summary>
/// Data directories with damaged files: segments, indexes, checkpoints, the coordination journal. A broker starts on them or
/// says why not; once started it hands out whole, valid batches only.
/// </summary>
public sealed class DataDirectoryFuzzTests(ITestOutputHelper output) : IDisposable
{
    private const string Topic = "t";

    private readonly string _root = Directory.CreateTempSubdirectory("kbroker-files-").FullName;
    private readonly Random _random = new(20260403);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Files_Damaged_BrokerStartsOrSaysWhy()
    {
        string model = Path.Combine(_root, "model");
        await FillAsync(model);
        (int started, int refused) = (0, 0);
        int cases = Budget.Run(() =>
        {
            string copy = Path.Combine(_root, "copy");
            Copy(model, copy);
            string damage = string.Join(", ", Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Damage(copy)));
            try
            {
                if (TryServeAsync(copy).GetAwaiter().GetResult()) started++;
                else refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"{damage}: {e}");
            }

            Directory.Delete(copy, recursive: true);
        });
        output.WriteLine($"{cases} damaged directories: {started} started, {refused} refused");
        Assert.True(started > 0);
    }

    private static async Task FillAsync(string directory)
    {
        await using BrokerHost host = await StartAsync(directory);
        await using RawClient client = await RawClient.ConnectAsync(host.EndPoints.Values.First());
        await client.CallAsync<CreateTopicsResponse>(
            new CreateTopicsRequest
            {
                TimeoutMs = 10_000,
                Topics = [new() { Name = Topic, NumPartitions = 1, ReplicationFactor = 1, Configs = [new() { Name = "segment.bytes", Value = "3000" }] }],
            },
            5);
        foreach (byte[] batch in Corpus.Batches().Concat(Corpus.Batches()))
        {
            await client.CallAsync<ProduceResponse>(
                new ProduceRequest
                {
                    Acks = 1,
                    TopicData = [new() { Name = Topic, PartitionData = [new() { Index = 0, Records = new RecordsData(batch) }] }],
                },
                9);
        }

        await host.StopAsync();
    }

    /// <summary>Whether the broker starts; if it does, the whole topic is read.</summary>
    private static async Task<bool> TryServeAsync(string directory)
    {
        BrokerHost host;
        try
        {
            host = await StartAsync(directory);
        }
        catch (BrokerStartException e)
        {
            Assert.NotEmpty(e.Message);
            return false;
        }

        await using (host)
        {
            await using RawClient client = await RawClient.ConnectAsync(host.EndPoints.Values.First());
            ListOffsetsResponse first = await client.CallAsync<ListOffsetsResponse>(
                new ListOffsetsRequest
                {
                    ReplicaId = -1,
                    Topics = [new() { Name = Topic, Partitions = [new() { PartitionIndex = 0, Timestamp = -2, CurrentLeaderEpoch = -1 }] }],
                },
                7);
            long offset = Math.Max(0, first.Topics[0].Partitions[0].Offset);
            for (int round = 0; round < 200; round++)
            {
                FetchResponse response = await client.CallAsync<FetchResponse>(
                    new FetchRequest
                    {
                        ReplicaId = -1,
                        MaxBytes = 1 << 20,
                        Topics = [new() { Topic = Topic, Partitions = [new() { FetchOffset = offset, PartitionMaxBytes = 1 << 20, CurrentLeaderEpoch = -1 }] }],
                    },
                    12);
                FetchResponse.PartitionData part = response.Responses.Single().Partitions.Single();
                // Offline, gone with the topic, or at its end.
                if (part.ErrorCode != ErrorCode.None || part.Records.Length == 0) break;
                offset = LastOffset(part.Records.Memory.Span) + 1;
            }
        }

        return true;
    }

    /// <summary>The offset of the last batch; a fetch may end within one, which a reader leaves for its next fetch.</summary>
    private static long LastOffset(ReadOnlySpan<byte> records)
    {
        long last = -1;
        while (records.Length >= 61)
        {
            int size = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(records[8..]) + 12;
            if (size < 61 || size > records.Length) break;
            last = System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(records) + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(records[23..]);
            records = records[size..];
        }

        return last;
    }

    private static Task<BrokerHost> StartAsync(string directory) => BrokerHost.StartAsync(
        BrokerConfig.FromSettings(("listeners", "PLAINTEXT://127.0.0.1:0"), ("log.dirs", directory)),
        new BrokerPlatform { Loggers = NullLoggerFactory.Instance });

    private string Damage(string directory)
    {
        string[] files = [.. Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        string path = files[_random.Next(files.Length)];
        string name = Path.GetRelativePath(directory, path);
        byte[] bytes = File.ReadAllBytes(path);
        switch (_random.Next(7))
        {
            case 0:
                File.Delete(path);
                return $"{name} deleted";
            case 1 when bytes.Length > 0:
                int at = _random.Next(bytes.Length);
                bytes[at] ^= (byte)(1 << _random.Next(8));
                File.WriteAllBytes(path, bytes);
                return $"{name} flipped at {at}";
            case 2 when bytes.Length > 0:
                int length = _random.Next(bytes.Length);
                File.WriteAllBytes(path, bytes[..length]);
                return $"{name} cut to {length}";
            case 3:
                var noise = new byte[_random.Next(1, 5000)];
                if (_random.Next(2) == 0) _random.NextBytes(noise);
                File.WriteAllBytes(path, [.. bytes, .. noise]);
                return $"{name} lengthened by {noise.Length}";
            case 4:
                var other = new byte[_random.Next(3000)];
                _random.NextBytes(other);
                File.WriteAllBytes(path, other);
                return $"{name} replaced by noise";
            case 5:
                File.Copy(files[_random.Next(files.Length)], path + ".x", overwrite: true);
                File.Move(path + ".x", path, overwrite: true);
                return $"{name} replaced by another file";
            default:
                string marker = Path.Combine(directory, ".kafka_cleanshutdown");
                File.Delete(marker);
                return "clean shutdown marker deleted";
        }
    }

    private static void Copy(string from, string to)
    {
        foreach (string path in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
    }
}
