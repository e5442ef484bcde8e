using System.Text.Json.Nodes;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>What every administration client must be able to do, and what it must be refused.</summary>
[Collection(SharedBroker.Collection)]
public abstract class AdminContract
{
    private const int UnknownTopicOrPartition = 3;
    private const int InvalidTopic = 17;
    private const int TopicAlreadyExists = 36;
    private const int InvalidPartitions = 37;
    private const int InvalidConfig = 40;
    private static readonly Dictionary<string, string> NoConfigs = [];
    private readonly ClientScript _script;

    private protected AdminContract(SharedBroker shared, ClientScript script)
    {
        Shared = shared;
        _script = script;
    }

    private protected SharedBroker Shared { get; }

    private string Topic { get; } = $"admin-{Guid.NewGuid():N}";

    [Fact]
    public async Task TopicCreatedWithConfigs_IsListedAndDescribedWithThem()
    {
        List<JsonNode> answers = await DoAsync(
            ["create", Topic, 3, Configs("retention.ms", "123456")], ["list"], ["describe", Topic], ["configs", Topic]);

        Assert.Contains(Topic, answers[1]["result"]!.AsArray().Select(name => (string?)name));
        Assert.Equal($"[[\"{Topic}\",3,0]]", answers[2]["result"]!.ToJsonString());
        Assert.Equal("123456", (string?)answers[3]["result"]!["retention.ms"]);
        Assert.Equal("delete", (string?)answers[3]["result"]!["cleanup.policy"]);
        Assert.Equal("11000000", (string?)answers[3]["result"]!["max.message.bytes"]);
    }

    [Fact]
    public async Task AlteredConfigs_ReplaceAllThatWereSet()
    {
        List<JsonNode> answers = await DoAsync(
            ["create", Topic, 1, Configs("retention.ms", "1000")], ["alter", Topic, Configs("segment.bytes", "2000000")], ["configs", Topic]);

        Assert.Equal("2000000", (string?)answers[2]["result"]!["segment.bytes"]);
        Assert.Equal("-1", (string?)answers[2]["result"]!["retention.ms"]);
    }

    [Fact]
    public async Task PartitionsAdded_CanBeSeen()
    {
        List<JsonNode> answers = await DoAsync(["create", Topic, 1, NoConfigs], ["grow", Topic, 4], ["describe", Topic]);

        Assert.Equal($"[[\"{Topic}\",4,0]]", answers[2]["result"]!.ToJsonString());
    }

    [Fact]
    public async Task DeletedTopic_IsGoneAndCanBeCreatedAnew()
    {
        List<JsonNode> answers = await DoAsync(
            ["create", Topic, 2, NoConfigs], ["delete", Topic], ["list"], ["create", Topic, 1, NoConfigs], ["describe", Topic]);

        Assert.DoesNotContain(Topic, answers[2]["result"]!.AsArray().Select(name => (string?)name));
        Assert.Equal($"[[\"{Topic}\",1,0]]", answers[4]["result"]!.ToJsonString());
    }

    [Fact]
    public async Task Refusals_HaveKafkasErrorCodes()
    {
        List<JsonNode> answers = await TryAsync(
            ["create", Topic, 2, NoConfigs],
            ["create", Topic, 2, NoConfigs],
            ["create", "not/allowed", 1, NoConfigs],
            ["create", Topic + "-2", 1, Configs("retention.ms", "soon")],
            ["delete", Topic + "-3"],
            ["grow", Topic, 2],
            ["alter", Topic, Configs("retention.ms", "soon")]);

        int?[] expected = [null, TopicAlreadyExists, InvalidTopic, InvalidConfig, UnknownTopicOrPartition, InvalidPartitions, InvalidConfig];
        Assert.Equal(expected, answers.Select(answer => (int?)answer["error"]));
    }

    [Fact]
    public async Task ClusterId_IsTheOneInMetaProperties()
    {
        List<JsonNode> answers = await DoAsync(["cluster"]);

        string[] properties = await File.ReadAllLinesAsync(Path.Combine(Shared.Broker.Directory, "meta.properties"));
        Assert.Contains($"cluster.id={(string?)answers[0]["result"]}", properties);
    }

    private protected static Dictionary<string, string> Configs(string name, string value) => new() { [name] = value };

    /// <summary>Carries out operations one after the other; none may fail.</summary>
    private protected async Task<List<JsonNode>> DoAsync(params object[][] operations)
    {
        List<JsonNode> answers = await TryAsync(operations);
        Assert.All(answers, answer => Assert.Null(answer["error"]));
        return answers;
    }

    private protected async Task<List<JsonNode>> TryAsync(params object[][] operations)
    {
        List<JsonNode> answers = await _script.RunForJsonAsync(Shared.Broker, "admin", new { operations });
        Assert.Equal(operations.Length, answers.Count);
        return answers;
    }
}
