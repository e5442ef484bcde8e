using KBroker.Cli.Commands;

namespace KBroker.Cli.Tests.Commands;

public sealed class ConfigListTests
{
    [Theory]
    [InlineData("a=1", "a:1")]
    [InlineData("a=1, b = 2", "a:1 b:2")]
    [InlineData("a=[x,y],b=", "a:x,y b:")]
    [InlineData("a=b=c", "a:b=c")]
    public void Parse_Lists_Reads(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', ConfigList.Parse(text, out _)!.Select(pair => $"{pair.Name}:{pair.Value}")));

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("=1")]
    [InlineData("a=1,,b=2")]
    [InlineData("a=[1,b=2")]
    [InlineData("a=1],b=2")]
    public void Parse_Nonsense_SaysWhatIsWrong(string text)
    {
        Assert.Null(ConfigList.Parse(text, out string problem));
        Assert.NotEmpty(problem);
    }

    [Theory]
    [InlineData("0:1,1:2", true)]
    [InlineData("0", true)]
    [InlineData("0:0", false)]
    [InlineData("0:1,1", false)]
    [InlineData("a", false)]
    [InlineData("", false)]
    [InlineData("-1", false)]
    public void ReplicaAssignment_Parse_TakesOnlyWhatCanBe(string text, bool isValid) =>
        Assert.Equal(isValid, ReplicaAssignment.Parse(text, out _) is not null);
}
