using System.Globalization;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Transactions;

/// <summary>Brokers for tests of transactions: few internal partitions, and clocks that run in seconds.</summary>
internal static class TransactionBroker
{
    public static Task<BrokerProcess> StartAsync(params string[] overrides) => BrokerProcess.StartAsync(
    [
        "offsets.topic.num.partitions=2", "transaction.state.log.num.partitions=2", "group.initial.rebalance.delay.ms=0",
        "group.min.session.timeout.ms=1000", "transaction.abort.timed.out.transaction.cleanup.interval.ms=200", .. overrides,
    ]);

    public static async Task CreateTopicsAsync(BrokerProcess broker, params (string Name, int Partitions)[] topics)
    {
        foreach ((string name, int partitions) in topics)
        {
            ClientResult result = await KBrokerCommand.RunAsync(
                broker, ["topics", "--create", "--topic", name, "--partitions", partitions.ToString(CultureInfo.InvariantCulture)]);
            Assert.True(result.ExitCode == 0, $"{result.CommandLine}: {result.Error}\nThe broker said:\n{broker.Output}");
        }
    }
}
