using KBroker.Protocol.Identity;

namespace KBroker.Protocol.Tests;

public sealed class UuidTests
{
    [Fact]
    public void TryParse_WhatWasFormatted_IsTheSame()
    {
        Guid id = Uuid.Create(new Random(1));
        Assert.True(Uuid.TryParse(Uuid.Format(id), out Guid read));
        Assert.Equal(id, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAA*AAAAAAAAAAA")]
    [InlineData("AAAAAAAAAA/AAAAAAAAAAA")]
    [InlineData("AAAAAAAAAA AAAAAAAAAAA")]
    [InlineData("AAAAAAAAAA\u00e4AAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAA==")]
    [InlineData("======================")]
    public void TryParse_AnythingElse_IsFalse(string text) => Assert.False(Uuid.TryParse(text, out _));
}
