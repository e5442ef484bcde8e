namespace KBroker.Protocol.Tests;

public sealed class ApiKeysTests
{
    [Fact]
    public void Find_EveryListedKey_ReturnsItsApi()
    {
        Assert.NotEmpty(ApiKeys.All);
        foreach (ApiKeyInfo api in ApiKeys.All)
        {
            Assert.Same(api, ApiKeys.Find((short)api.Key));
            Assert.Same(api, ApiKeys.Get(api.Key));
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(short.MinValue)]
    [InlineData(short.MaxValue)]
    public void Find_UnlistedKey_ReturnsNull(short key) => Assert.Null(ApiKeys.Find(key));
}
