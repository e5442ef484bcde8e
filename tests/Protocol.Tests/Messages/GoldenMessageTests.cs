using System.Text.Json;
using KBroker.Protocol.Wire;

namespace KBroker.Protocol.Tests.Messages;

/// <summary>Bodies written by Kafka's own serializers.</summary>
public sealed class GoldenMessageTests
{
    [Fact]
    public void ReadWrite_GoldenBytes_AreTheSame() => ForEach((row, codec, version, bytes) =>
    {
        WireStruct message = codec.Read(bytes, version);
        Assert.Equal(bytes.Length, message.GetSize(version));
        Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(message.ToArray(version)));
    });

    [Fact]
    public void Read_GoldenBytes_AgreesWithJson() => ForEach((row, codec, version, bytes) =>
        Assert.Empty(JsonAgreement.Differences(codec.Read(bytes, version), row)));

    [Fact]
    public void Vectors_CoverEveryVersionOfEveryMessage()
    {
        ILookup<Type, short> covered = VectorFiles.Messages.ToLookup(row => MessageCodec.Of(row).Type, MessageCodec.VersionOf);
        foreach (MessageCodec codec in MessageCodec.All)
        {
            for (short version = codec.LowestVersion; version <= codec.HighestVersion; version++)
                Assert.True(covered[codec.Type].Contains(version), $"no vector of {codec.Type.Name} version {version}");
        }
    }

    private static void ForEach(Action<JsonElement, MessageCodec, short, byte[]> check)
    {
        var failures = new List<string>();
        foreach (JsonElement row in VectorFiles.Messages)
        {
            try
            {
                check(row, MessageCodec.Of(row), MessageCodec.VersionOf(row), MessageCodec.BytesOf(row));
            }
            catch (Exception error)
            {
                string text = row.ToString();
                failures.Add($"{error.GetType().Name}: {error.Message}\n{text[..Math.Min(text.Length, 300)]}");
            }
        }

        Assert.True(failures.Count == 0, $"{failures.Count} vectors fail\n" + string.Join("\n", failures.Take(5)));
        Assert.True(VectorFiles.Messages.Count >= 1536);
    }
}
