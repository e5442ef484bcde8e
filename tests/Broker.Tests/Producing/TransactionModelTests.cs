using Xunit.Abstractions;
using Xunit.Sdk;

namespace KBroker.Broker.Tests.Producing;

/// <summary>Random worlds of transactions against what transactions promise.</summary>
public sealed class TransactionModelTests(ITestOutputHelper output)
{
    private const int Steps = 600;

    [Fact]
    public void RandomTransactions_AlwaysKeepTheirPromises()
    {
        int accepted = 0;
        int refused = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            using var world = new TransactionWorld(seed, verifies: true);
            try
            {
                world.Run(Steps);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}", e);
            }

            accepted += world.AcceptedCount;
            refused += world.RefusedLate;
        }

        output.WriteLine($"{accepted} writes were taken, {refused} came too late");
        Assert.True(accepted > 1_000 && refused > 20);
    }

    /// <summary>The invariants can fail: without guards, writes that come after a marker leave transactions that nobody ends.</summary>
    [Fact]
    public void RandomTransactions_WithoutVerification_LeaveTransactionsHanging()
    {
        int found = 0;
        for (int seed = 0; seed < 10; seed++)
        {
            using var world = new TransactionWorld(seed, verifies: false);
            try
            {
                world.Run(Steps);
            }
            catch (XunitException e)
            {
                Assert.Contains("nobody will end", e.Message, StringComparison.Ordinal);
                found++;
            }
        }

        Assert.True(found > 0);
    }
}
