namespace KBroker.Broker.Tests.Coordinators.Transactions;

/// <summary>
/// Random schedules of producers of both protocols, their zombies, lost and late answers, timeouts, refusals of logs and partitions, and
/// moves of the coordinator that lose what was not committed, from a seed. In every one: what was acknowledged as committed or aborted is
/// that in every partition, no transaction is torn or hangs, an end does not change, an epoch belongs to one process, replaced processes
/// end nothing, and a replay of the records makes the same state.
/// </summary>
public sealed class TransactionScheduleTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void AnySchedule_Seed_KeepsThePromises(int seed)
    {
        int acknowledged = 0;
        for (int i = 0; i < 200; i++)
        {
            var world = new TransactionWorld((seed * 1_000) + i);
            world.Run();
            acknowledged += world.Acknowledged;
        }

        Assert.True(acknowledged > 100, $"only {acknowledged} transactions were acknowledged");
    }
}
