using System.Globalization;
using System.Text;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary><c>kbroker groups</c> against a real broker, with groups that a client of another maker left behind.</summary>
[Collection(SharedBroker.Collection)]
public sealed class GroupsCommandTests(SharedBroker shared)
{
    private const int Records = 90;

    [Fact]
    public async Task Groups_ReadDescribeResetReadAgainDelete_IsWhatTheClientSees()
    {
        string topic = await shared.NewTopicAsync("groups-command", partitions: 3);
        string group = $"command-{topic}";
        var client = new Kcat();
        await client.ProduceAsync(shared.Broker, topic, [.. Enumerable.Range(0, Records).Select(i =>
            new ClientRecord(-1, -1, -1, Encoding.UTF8.GetBytes(i.ToString(CultureInfo.InvariantCulture)), "v"u8.ToArray()))]);
        Assert.Equal(Records, (await client.ConsumeInGroupAsync(shared.Broker, topic, group, Records)).Count);

        Assert.Contains(group, await RunAsync("list"), StringComparison.Ordinal);
        Assert.Equal(Records, (await RowsAsync(group)).Sum(row => row.Current));
        Assert.All(await RowsAsync(group), row => Assert.Equal(0, row.Lag));

        await RunAsync("reset-offsets", group, "--topic", topic, "--to-earliest");
        Assert.All(await RowsAsync(group), row => Assert.Equal(0, row.Lag));
        await RunAsync("reset-offsets", group, "--topic", topic, "--to-earliest", "--execute");
        Assert.Equal(Records, (await RowsAsync(group)).Sum(row => row.Lag));
        Assert.Equal(Records, (await client.ConsumeInGroupAsync(shared.Broker, topic, group, Records)).Count);

        await RunAsync("reset-offsets", group, "--all-topics", "--shift-by", "-1", "--execute");
        Assert.All(await RowsAsync(group), row => Assert.Equal(1, row.Lag));
        Assert.Contains("Deleted", await RunAsync("delete-offsets", group, "--topic", $"{topic}:0"), StringComparison.Ordinal);
        Assert.Equal(2, (await RowsAsync(group)).Count);
        await RunAsync("delete", group);
        Assert.DoesNotContain(group, await RunAsync("list"), StringComparison.Ordinal);
    }

    private async Task<List<(long Current, long Lag)>> RowsAsync(string group)
    {
        string[] lines = (await RunAsync("describe", group)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return
        [
            .. lines.Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(cells => (long.Parse(cells[3], CultureInfo.InvariantCulture), long.Parse(cells[5], CultureInfo.InvariantCulture))),
        ];
    }

    private async Task<string> RunAsync(params string[] arguments)
    {
        ClientResult result = await KBrokerCommand.RunAsync(shared.Broker, ["groups", .. arguments]);
        Assert.True(result.ExitCode == 0, $"{result.CommandLine} exited with {result.ExitCode}: {result.Error}\nThe broker said:\n{shared.Broker.Output}");
        return Encoding.UTF8.GetString(result.Output);
    }
}
