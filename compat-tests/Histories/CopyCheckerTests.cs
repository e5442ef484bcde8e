namespace KBroker.Compat.Tests.Histories;

/// <summary>What the checker of copies lets pass, and what it refuses.</summary>
public sealed class CopyCheckerTests
{
    [Fact]
    public void OutputEqualsInput_NothingIsFound() => Assert.Empty(Check(["a", "b", "c"], ["a", "b", "c"]));

    [Theory]
    [InlineData("a b", Anomaly.LostWrite)]
    [InlineData("", Anomaly.LostWrite)]
    [InlineData("a b c b", Anomaly.Duplicate)]
    [InlineData("a c b", Anomaly.Disorder)]
    [InlineData("a b c d", Anomaly.Phantom)]
    public void OutputDiffers_IsFound(string output, object anomaly)
    {
        Violation found = Assert.Single(Check(["a", "b", "c"], output.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal((Anomaly)anomaly, found.Anomaly);
    }

    [Fact]
    public void OutputOfAPartitionWithoutInput_IsFound() => Assert.Equal(Anomaly.Phantom, Assert.Single(Check([], ["a"])).Anomaly);

    private static IReadOnlyList<Violation> Check(string[] input, string[] output) => CopyChecker.Check(
        new Dictionary<int, IReadOnlyList<string>> { [3] = input }, new Dictionary<int, IReadOnlyList<string>> { [3] = output });
}
