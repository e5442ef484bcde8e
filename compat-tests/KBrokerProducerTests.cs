using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>Writing with kbroker produce, which takes a record a line.</summary>
[Collection(SharedBroker.Collection)]
public sealed class KBrokerProducerTests(SharedBroker shared)
{
    [Theory]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public async Task Lines_WithKeysAndNulls_AreStoredWithTheCodecAndReadByOthers(string codec)
    {
        string topic = await shared.NewTopicAsync($"lines-{codec}");
        IReadOnlyList<ClientRecord> packages = await PackageIndex.PackagesAsync();
        List<ClientRecord> produced = [.. packages.Take(3_000).Select(record => record with { Value = FirstLine(record.Value!) })];
        produced.Add(new(-1, -1, -1, "tombstone"u8.ToArray(), null));
        using var input = new MemoryStream();
        foreach (ClientRecord record in produced)
        {
            input.Write(record.Key);
            input.WriteByte((byte)'\t');
            input.Write(record.Value ?? "NULL"u8.ToArray());
            input.WriteByte((byte)'\n');
        }

        ClientResult result = await KBrokerCommand.RunAsync(
            shared.Broker,
            ["produce", "--topic", topic, "--compression-type", codec, "--property", "parse.key=true", "--property", "null.marker=NULL"],
            input.ToArray());

        Assert.True(result.ExitCode == 0, $"{result.Error}\nThe broker said:\n{shared.Broker.Output}");
        Assert.All(StoredBatches.Of(shared.Broker, topic, 0), batch => Assert.Equal(codec, batch.Codec));
        RecordAssert.EveryPartitionHoldsItsKeysInOrder(produced, await new Kcat().ConsumeAsync(shared.Broker, topic));
        RecordAssert.EveryPartitionHoldsItsKeysInOrder(produced, await new PythonKafka().ConsumeAsync(shared.Broker, topic));
    }

    private static byte[] FirstLine(byte[] stanza) => stanza[..stanza.AsSpan().IndexOf((byte)'\n')];
}
