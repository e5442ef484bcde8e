using KBroker.Controller.Placement;

namespace KBroker.Controller.Tests.Placement;

public sealed class TopicNameTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("A-z_0.9")]
    [InlineData("...")]
    [InlineData("__consumer_offsets")]
    public void Validate_LegalName_HasNoProblem(string name) => Assert.Null(TopicName.Validate(name));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../../etc/x")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("naïve")]
    [InlineData("\u0661")]
    [InlineData("a:b")]
    public void Validate_IllegalName_SaysWhy(string? name) => Assert.NotNull(TopicName.Validate(name));

    [Fact]
    public void Validate_Length_EndsAt249()
    {
        Assert.True(TopicName.IsValid(new string('a', 249)));
        Assert.False(TopicName.IsValid(new string('a', 250)));
    }

    [Theory]
    [InlineData("a.b", "a_b", true)]
    [InlineData("a.b_c", "a_b.c", true)]
    [InlineData("a.b", "a-b", false)]
    [InlineData("a.b", "a.bc", false)]
    [InlineData("x.y", "z_y", false)]
    public void Collides_DotsAndUnderscores_AreTheSame(string name, string other, bool collides)
        => Assert.Equal(collides, TopicName.Collides(name, other));
}
