namespace KBroker.Compat.Tests.Harness;

/// <summary>The classes that share a broker run one after the other: two cores hold one broker and one client.</summary>
[CollectionDefinition(SharedBroker.Collection)]
public sealed class SharedBrokerCollection : ICollectionFixture<SharedBroker>;
