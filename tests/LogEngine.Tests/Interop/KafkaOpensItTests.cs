namespace KBroker.LogEngine.Tests.Interop;

/// <summary>Whatever is done to logs, after an orderly stop the directory is one that Apache Kafka opens, by its own checks.</summary>
public sealed class KafkaOpensItTests
{
    private const int Sequences = 60;
    private const int Steps = 120;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void RandomHistory_AnySeed_KafkaOpensWhatIsLeft(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < Sequences; i++)
        {
            int sequence = random.Next();
            var world = new InteropWorld(new Random(sequence));
            try
            {
                for (int step = 0; step < Steps; step++) world.Step();
                world.Stop();
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                throw new InvalidOperationException($"sequence {i} of seed {seed} ({sequence}): {e.Message}\n{world.History}", e);
            }
        }
    }
}
